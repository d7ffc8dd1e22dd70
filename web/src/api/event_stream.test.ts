import { expect, test } from "vitest";
import { EventParser, openEventStream } from "./event_stream";

function parse(...pieces: string[]) {
  const events: [string, string][] = [];
  const parser = new EventParser((name, data) => void events.push([name, data]));
  for (const piece of pieces) parser.take(piece);
  return events;
}

const told = (what: () => boolean) => expect.poll(what).toBe(true);

test("an event has its name and its data", () => {
  expect(parse("event: counts\ndata: {}\n\n")).toEqual([["counts", "{}"]]);
});

test("pieces may end anywhere", () => {
  expect(parse("ev", "ent: cou", "nts\r", "\nda", "ta:1\r\n", "\r", "\ndata: 2\n", "\n")).toEqual([["counts", "1"], ["message", "2"]]);
});

test("lines of data are joined, comments are not data", () => {
  expect(parse(": still there\n\ndata: a\ndata: b\nid: 7\n\n")).toEqual([["message", "a\nb"]]);
});

test("the end of the answer is an error, once", async () => {
  const stream = openEventStream(async () => new Response("event: counts\ndata: 1\n\n"));
  const seen: string[] = [];
  stream.addEventListener("counts", (event) => seen.push(`counts ${event.data}`));
  stream.addEventListener("error", () => seen.push("error"));
  await told(() => seen.length === 2);
  expect(seen).toEqual(["counts 1", "error"]);
});

test("an answer that cannot be had is an error, and who closed hears nothing", async () => {
  let errors = 0;
  const refused = openEventStream(() => Promise.reject(new Error("401")));
  refused.addEventListener("error", () => (errors += 1));
  const closed = openEventStream(() => Promise.reject(new Error("401")));
  closed.addEventListener("error", () => (errors += 100));
  closed.close();
  await told(() => errors === 1);
});
