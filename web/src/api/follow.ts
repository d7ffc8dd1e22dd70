// The counts as they change: by the server's event stream, or, while that fails, by asking every two seconds. The stream
// is tried again meanwhile. A stream that says nothing for longer than it promises counts as failed.
import type { Counts } from "./types";
import { asProblem, type Problem } from "./http";

export type Feed = "connecting" | "live" | "polling";

/** Named events until one named "error"; so that a test can be one. */
export interface Stream {
  addEventListener(name: string, listener: (event: { data?: string }) => void): void;
  close(): void;
}

export interface World {
  openStream(): Stream;
  ask(): Promise<Counts>;
}

export interface Follower {
  onCounts(counts: Counts): void;
  onFeed(feed: Feed): void;
  onProblem(problem: Problem | null): void;
}

export const pollEveryMs = 2_000;
/** The server promises an event at least every 5 s. */
export const silenceMs = 12_000;
export const reopenAfterMs = 15_000;

/** Follows until the returned function is called. */
export function followCounts(world: World, follower: Follower): () => void {
  let stream: Stream | null = null;
  let isOver = false;
  let poll: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let reopen: ReturnType<typeof setTimeout> | undefined;

  const take = (counts: Counts) => {
    follower.onProblem(null);
    follower.onCounts(counts);
  };

  const ask = async () => {
    try {
      const counts = await world.ask();
      if (!isOver) take(counts);
    } catch (fault) {
      if (!isOver) follower.onProblem(asProblem(fault));
    }
    if (!isOver && stream === null) poll = setTimeout(ask, pollEveryMs);
  };

  const fail = () => {
    if (isOver || stream === null) return;
    stream.close();
    stream = null;
    clearTimeout(silence);
    follower.onFeed("polling");
    reopen = setTimeout(open, reopenAfterMs);
    void ask();
  };

  const listen = () => {
    clearTimeout(silence);
    silence = setTimeout(fail, silenceMs);
  };

  function open() {
    clearTimeout(poll);
    const opened = world.openStream();
    stream = opened;
    opened.addEventListener("counts", (event) => {
      if (isOver || stream !== opened || event.data === undefined) return;
      listen();
      follower.onFeed("live");
      take(JSON.parse(event.data) as Counts);
    });
    opened.addEventListener("error", () => {
      if (stream === opened) fail();
    });
    listen();
  }

  follower.onFeed("connecting");
  open();
  return () => {
    isOver = true;
    stream?.close();
    for (const timer of [poll, silence, reopen]) clearTimeout(timer);
  };
}
