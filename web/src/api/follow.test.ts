import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Feed, followCounts, pollEveryMs, reopenAfterMs, silenceMs } from "./follow";
import { Problem } from "./http";
import type { Counts } from "./types";

const counts: Counts = { as_of: "", states: { reserved: 3 }, open_by_age: [], causes: [], oldest_age_ms: 0 };

/** A server whose stream and answers the test decides. */
class Server {
  streams: { listeners: Record<string, (event: { data?: string }) => void>; closed: boolean }[] = [];
  asked = 0;
  fault: Problem | null = null;
  feeds: Feed[] = [];
  seen: Counts[] = [];
  problem: Problem | null = null;

  follow = () =>
    followCounts(
      {
        openStream: () => {
          const stream = { listeners: {} as Record<string, (event: { data?: string }) => void>, closed: false };
          this.streams.push(stream);
          return {
            addEventListener: (name, listener) => (stream.listeners[name] = listener),
            close: () => (stream.closed = true),
          };
        },
        ask: async () => {
          this.asked += 1;
          if (this.fault) throw this.fault;
          return counts;
        },
      },
      {
        onCounts: (now) => this.seen.push(now),
        onFeed: (feed) => this.feeds.push(feed),
        onProblem: (problem) => (this.problem = problem),
      },
    );

  say = (name: string, data?: string) => this.streams.at(-1)?.listeners[name]?.({ data });
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("counts that the stream says are shown, and nothing is asked", () => {
  const server = new Server();
  server.follow();
  server.say("counts", JSON.stringify(counts));
  expect(server.seen).toEqual([counts]);
  expect(server.feeds).toEqual(["connecting", "live"]);
  expect(server.asked).toBe(0);
});

test("a stream that fails is replaced by asking every two seconds, and says so", async () => {
  const server = new Server();
  server.follow();
  server.say("error");
  await vi.advanceTimersByTimeAsync(2 * pollEveryMs);
  expect(server.feeds).toEqual(["connecting", "polling"]);
  expect(server.asked).toBe(3);
  expect(server.streams[0]?.closed).toBe(true);
});

test("a stream that falls silent counts as failed", async () => {
  const server = new Server();
  server.follow();
  server.say("counts", JSON.stringify(counts));
  await vi.advanceTimersByTimeAsync(silenceMs);
  expect(server.feeds.at(-1)).toBe("polling");
});

test("the stream is tried again, and asking ends when it speaks", async () => {
  const server = new Server();
  server.follow();
  server.say("error");
  await vi.advanceTimersByTimeAsync(reopenAfterMs);
  expect(server.streams).toHaveLength(2);
  server.say("counts", JSON.stringify(counts));
  const asked = server.asked;
  await vi.advanceTimersByTimeAsync(3 * pollEveryMs);
  expect(server.feeds.at(-1)).toBe("live");
  expect(server.asked).toBe(asked);
});

test("a server that is away is a problem until it answers", async () => {
  const server = new Server();
  server.fault = new Problem("unreachable", "The server cannot be reached.");
  server.follow();
  server.say("error");
  await vi.advanceTimersByTimeAsync(0);
  expect(server.problem?.code).toBe("unreachable");
  server.fault = null;
  await vi.advanceTimersByTimeAsync(pollEveryMs);
  expect(server.problem).toBeNull();
});

test("who stopped following is told nothing more", async () => {
  const server = new Server();
  const stop = server.follow();
  server.say("error");
  await vi.advanceTimersByTimeAsync(0);
  stop();
  const asked = server.asked;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(server.asked).toBe(asked);
  expect(server.streams).toHaveLength(1);
});
