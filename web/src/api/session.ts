// Who is signed in. The access token lives in this object alone; the refresh token also in the tab's own storage, so that
// reading the page again does not ask for the password. Both are given up when the server refuses them.
import { asProblem, parsed, Problem, type Send } from "./http";
import type { Me } from "./types";

interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

export type SessionState =
  /** A kept refresh token is being tried. */
  | { kind: "restoring" }
  /** `why` is what ended the session before, when the user did not. */
  | { kind: "out"; why: string | null }
  | { kind: "in"; me: Me };

/** What a session needs of the browser, so that a test can be one. */
export interface Surroundings {
  send: Send;
  /** Of this tab; may throw, or keep nothing. */
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  now(): number;
}

const place = "dompet.refresh";
/** A token is replaced so long before it ends: longer than a request takes. */
export const earlyMs = 60_000;
export const endedSentence = "Your session has ended. Log in again.";

export class Session {
  private state: SessionState = { kind: "restoring" };
  private access: { token: string; endsAt: number } | null = null;
  private refreshToken: string | null = null;
  private refreshing: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly watchers = new Set<() => void>();

  constructor(private readonly around: Surroundings) {}

  /** Goes on with the session that this tab had before the page was read again. */
  async restore(): Promise<void> {
    this.refreshToken = this.kept();
    if (this.refreshToken === null) return this.leave(null);
    try {
      await this.refresh();
      await this.enter();
    } catch (fault) {
      // The token is still kept: the server may only be away.
      if (this.state.kind === "restoring") this.become({ kind: "out", why: asProblem(fault).message });
    }
  }

  /** Throws the Problem of a refused login; the state stays what it was. */
  async logIn(email: string, password: string): Promise<void> {
    this.take(parsed<Tokens>(await this.around.send("POST", "/v1/auth/login", { body: { email, password } })));
    await this.enter();
  }

  /** Ends the session here in any case, and at the server if it can be reached. */
  async logOut(): Promise<void> {
    const token = this.access?.token;
    this.leave(null);
    if (token === undefined) return;
    await this.around.send("POST", "/v1/auth/logout", { token }).catch(() => undefined);
  }

  /** A token that is good for a request from now on. Throws a Problem when there is no session. */
  async token(): Promise<string> {
    if (this.access === null || this.around.now() >= this.access.endsAt - earlyMs) await this.refresh();
    if (this.access === null) throw new Problem("unauthenticated", endedSentence, 401);
    return this.access.token;
  }

  /** The server does not take this token any more. One that was replaced meanwhile says nothing about the session. */
  refused(token: string): void {
    if (this.access?.token === token) this.leave(endedSentence);
  }

  current = (): SessionState => this.state;

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  };

  private async enter(): Promise<void> {
    try {
      const me = parsed<Me>(await this.around.send("GET", "/v1/auth/me", { token: await this.token() }));
      this.become({ kind: "in", me });
    } catch (fault) {
      this.leave(asProblem(fault).message);
      throw fault;
    }
  }

  /** At most one at a time: a refresh token is good for one use, and a second use ends the whole session. */
  private refresh(): Promise<void> {
    this.refreshing ??= this.exchange().finally(() => (this.refreshing = null));
    return this.refreshing;
  }

  private async exchange(): Promise<void> {
    const used = this.refreshToken;
    if (used === null) throw new Problem("unauthenticated", endedSentence, 401);
    try {
      const answer = await this.around.send("POST", "/v1/auth/refresh", { body: { refresh_token: used } });
      if (this.refreshToken === used) this.take(parsed<Tokens>(answer));
    } catch (fault) {
      const { status } = asProblem(fault);
      if (this.refreshToken === used && (status === 400 || status === 401)) this.leave(endedSentence);
      else this.refreshAt(this.around.now() + earlyMs / 2);
      throw fault;
    }
  }

  private take(tokens: Tokens): void {
    const endsAt = this.around.now() + tokens.expires_in * 1_000;
    this.access = { token: tokens.access_token, endsAt };
    this.refreshToken = tokens.refresh_token;
    this.keep(tokens.refresh_token);
    this.refreshAt(endsAt - earlyMs);
  }

  private refreshAt(when: number): void {
    clearTimeout(this.timer);
    if (this.refreshToken === null) return;
    const delay = Math.max(1_000, when - this.around.now());
    this.timer = setTimeout(() => void this.refresh().catch(() => undefined), delay);
  }

  private leave(why: string | null): void {
    clearTimeout(this.timer);
    this.access = null;
    this.refreshToken = null;
    this.keep(null);
    this.become({ kind: "out", why });
  }

  private become(state: SessionState): void {
    this.state = state;
    for (const watcher of [...this.watchers]) watcher();
  }

  private kept(): string | null {
    try {
      return this.around.storage.getItem(place);
    } catch {
      return null;
    }
  }

  private keep(token: string | null): void {
    try {
      if (token === null) this.around.storage.removeItem(place);
      else this.around.storage.setItem(place, token);
    } catch {
      // A browser that keeps nothing: the session lasts as long as the page.
    }
  }
}

/** Whether a list of permissions, as the server tells it, allows something. */
export function allows(permissions: string[], wanted: string): boolean {
  return permissions.some((one) => one === "*" || one === wanted || one === `${wanted}:any`);
}
