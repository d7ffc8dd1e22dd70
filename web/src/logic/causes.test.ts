import { expect, test } from "vitest";
import { causeFilter, causeSentence, causeSize, sortCauses } from "./causes";

const cause = (error: string, shard: number, count: number, oldest_age_ms: number, node: string | null = "b") => ({
  error, destination_shard: shard, node, count, oldest_age_ms,
});

test("what stops most sagas comes first, then what has lasted longest", () => {
  const causes = [cause("busy", 1, 2, 10), cause("timeout", 2, 9, 5), cause("busy", 3, 2, 99)];
  expect(sortCauses(causes).map((one) => one.destination_shard)).toEqual([2, 3, 1]);
  expect(causes[0]?.destination_shard).toBe(1);
});

test("a cause is a sentence", () => {
  expect(causeSentence(cause("busy", 17, 1, 1))).toBe("Shard 17 on node b answers busy");
  expect(causeSentence(cause("", 17, 1, 1, null))).toBe("Shard 17 has not answered yet");
  expect(causeSize(cause("busy", 17, 128, 40_000))).toBe("128 sagas, the oldest for 40.0 s");
});

test("a cause leads to its sagas", () => {
  expect(causeFilter(cause("busy", 17, 1, 1))).toEqual({ state: "open", destination_shard: "17", error: "busy" });
});
