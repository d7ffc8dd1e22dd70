// Requests in the name of who is signed in. An answer 401 ends the session, which brings the form back.
import { asProblem, bearer, parsed, problemOf, send } from "./http";
import { openEventStream } from "./event_stream";
import type { Stream } from "./follow";
import { Session } from "./session";

export const session = new Session({
  send,
  storage: {
    getItem: (name) => sessionStorage.getItem(name),
    setItem: (name, value) => sessionStorage.setItem(name, value),
    removeItem: (name) => sessionStorage.removeItem(name),
  },
  now: () => Date.now(),
});

async function asUser<T>(work: (token: string) => Promise<T>): Promise<T> {
  const token = await session.token();
  try {
    return await work(token);
  } catch (fault) {
    if (asProblem(fault).status === 401) session.refused(token);
    throw fault;
  }
}

export const request = <T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> =>
  asUser(async (token) => parsed<T>(await send(method, path, { body, token, signal })));

/** The server's events at `path`. Not the browser's EventSource, which sends no token. */
export const openStream = (path: string): Stream =>
  openEventStream((signal) =>
    asUser(async (token) => {
      const response = await fetch(path, { headers: { Accept: "text/event-stream", ...bearer(token) }, signal });
      if (!response.ok) throw problemOf(response.status, await response.text());
      return response;
    }),
  );

/** Saves what is at `path` as a file. A link would not do: it sends no token. */
export const download = (path: string, name: string): Promise<void> =>
  asUser(async (token) => {
    const response = await fetch(path, { headers: bearer(token) });
    if (!response.ok) throw problemOf(response.status, await response.text());
    const address = URL.createObjectURL(await response.blob());
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
    // The browser has the bytes by then; what is not revoked stays in memory as long as the page.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  });
