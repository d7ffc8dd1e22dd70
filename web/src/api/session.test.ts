import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Problem, type Send } from "./http";
import { allows, earlyMs, endedSentence, Session } from "./session";

const lifeS = 900;

/** A server that gives tokens away, each good for one refresh, and the storage of a tab. */
class World {
  asked: string[] = [];
  kept = new Map<string, string>();
  issued = 0;
  fault: Problem | null = null;

  send: Send = async (method, path, wish = {}) => {
    this.asked.push(`${method} ${path} ${wish.token ?? ""}`.trim());
    if (this.fault) throw this.fault;
    if (path === "/v1/auth/me") return JSON.stringify({ id: "1", email: "ani@example.org", permissions: ["sagas:read"] });
    if (path === "/v1/auth/logout") return "";
    const body = wish.body as { password?: string; refresh_token?: string };
    if (path === "/v1/auth/login" && body.password !== "right") throw new Problem("invalid_credentials", "No.", 401);
    if (path === "/v1/auth/refresh" && body.refresh_token !== `refresh-${this.issued}`)
      throw new Problem("invalid_refresh_token", "No.", 401);
    this.issued += 1;
    return JSON.stringify({ access_token: `access-${this.issued}`, refresh_token: `refresh-${this.issued}`, expires_in: lifeS });
  };

  session() {
    return new Session({
      send: this.send,
      now: () => Date.now(),
      storage: {
        getItem: (name) => this.kept.get(name) ?? null,
        setItem: (name, value) => void this.kept.set(name, value),
        removeItem: (name) => void this.kept.delete(name),
      },
    });
  }
}

let world: World;
beforeEach(() => {
  vi.useFakeTimers();
  world = new World();
});
afterEach(() => void vi.useRealTimers());

async function loggedIn() {
  const session = world.session();
  await session.logIn("ani@example.org", "right");
  return session;
}

test("without a kept token the form is shown, and nothing is asked", async () => {
  const session = world.session();
  await session.restore();
  expect(session.current()).toEqual({ kind: "out", why: null });
  expect(world.asked).toEqual([]);
});

test("a wrong password is a problem and no session", async () => {
  const session = world.session();
  await expect(session.logIn("ani@example.org", "wrong")).rejects.toThrow("No.");
  expect(session.current().kind).not.toBe("in");
  expect(world.kept.size).toBe(0);
});

test("who logs in is known with permissions, and only the refresh token is kept", async () => {
  const session = await loggedIn();
  const state = session.current();
  expect(state.kind === "in" && state.me.permissions).toEqual(["sagas:read"]);
  expect([...world.kept.values()]).toEqual(["refresh-1"]);
  expect(await session.token()).toBe("access-1");
});

test("a page that is read again goes on with the session", async () => {
  await loggedIn();
  const session = world.session();
  await session.restore();
  expect(session.current().kind).toBe("in");
  expect([...world.kept.values()]).toEqual(["refresh-2"]);
});

test("a kept token that the server refuses ends in the form, with a sentence", async () => {
  world.kept.set("dompet.refresh", "stolen");
  const session = world.session();
  await session.restore();
  expect(session.current()).toEqual({ kind: "out", why: endedSentence });
  expect(world.kept.size).toBe(0);
});

test("a server that is away when the page is read does not cost the session", async () => {
  await loggedIn();
  world.fault = new Problem("unreachable", "The server cannot be reached.");
  const session = world.session();
  await session.restore();
  expect(session.current()).toEqual({ kind: "out", why: "The server cannot be reached." });
  world.fault = null;
  const again = world.session();
  await again.restore();
  expect(again.current().kind).toBe("in");
});

test("a token is replaced before it ends", async () => {
  const session = await loggedIn();
  await vi.advanceTimersByTimeAsync(lifeS * 1_000 - earlyMs + 1);
  expect(await session.token()).toBe("access-2");
});

test("many requests at once use the refresh token once", async () => {
  const session = await loggedIn();
  vi.setSystemTime(Date.now() + lifeS * 1_000); // the tab slept: no timer ran
  const tokens = await Promise.all([session.token(), session.token(), session.token()]);
  expect(tokens).toEqual(["access-2", "access-2", "access-2"]);
  expect(world.asked.filter((one) => one.includes("refresh"))).toHaveLength(1);
});

test("a server that is away does not end the session", async () => {
  const session = await loggedIn();
  vi.setSystemTime(Date.now() + lifeS * 1_000);
  world.fault = new Problem("unreachable", "The server cannot be reached.");
  await expect(session.token()).rejects.toThrow("cannot be reached");
  expect(session.current().kind).toBe("in");
  world.fault = null;
  expect(await session.token()).toBe("access-2");
});

test("a token that the server takes no more ends the session, an older one does not", async () => {
  const session = await loggedIn();
  session.refused("access-0");
  expect(session.current().kind).toBe("in");
  session.refused("access-1");
  expect(session.current()).toEqual({ kind: "out", why: endedSentence });
  await expect(session.token()).rejects.toThrow(endedSentence);
});

test("who logs out leaves nothing behind, also when the server is away", async () => {
  const session = await loggedIn();
  world.fault = new Problem("unreachable", "The server cannot be reached.");
  await session.logOut();
  expect(session.current()).toEqual({ kind: "out", why: null });
  expect(world.kept.size).toBe(0);
  expect(world.asked.at(-1)).toBe("POST /v1/auth/logout access-1");
  await vi.advanceTimersByTimeAsync(lifeS * 1_000);
  expect(world.asked.filter((one) => one.includes("refresh"))).toHaveLength(0);
});

test("permissions allow by name, for all, or everything", () => {
  expect(allows(["sagas:read"], "sagas:read")).toBe(true);
  expect(allows(["wallets:read:any"], "wallets:read")).toBe(true);
  expect(allows(["*"], "cluster:approve")).toBe(true);
  expect(allows(["sagas:read", "cluster:operate"], "sagas:operate")).toBe(false);
});
