import { expect, test } from "vitest";
import type { Shard } from "../api/types";
import { coloursOf, shardSentence, tileAfterKey } from "./map";

const shard = (more: Partial<Shard>): Shard => ({
  shard: 7, node: "a", incarnation: "x", epoch: 5, target: null, database: 0, status: "owned", ...more,
});

test("colours depend on the names alone", () => {
  const shards = [shard({ node: "c" }), shard({ node: "a", target: "b" })];
  expect([...coloursOf({ nodes: [], shards })]).toEqual([["a", 0], ["b", 1], ["c", 2]]);
});

test("a shard is a sentence", () => {
  expect(shardSentence(shard({}))).toBe("Shard 7: owned by node a, epoch 5, database 0");
  expect(shardSentence(shard({ status: "moving", target: "b" }))).toBe(
    "Shard 7: moving from node a, going to node b, epoch 5, database 0");
  expect(shardSentence(shard({ node: null, status: "ownerless", target: "b" }))).toBe(
    "Shard 7: no owner, going to node b, epoch 5, database 0");
});

test("arrow keys stay inside the grid", () => {
  expect(tileAfterKey("ArrowRight", 0, 16, 64)).toBe(1);
  expect(tileAfterKey("ArrowDown", 3, 16, 64)).toBe(19);
  expect(tileAfterKey("ArrowUp", 3, 16, 64)).toBeNull();
  expect(tileAfterKey("End", 3, 16, 64)).toBe(63);
  expect(tileAfterKey("a", 3, 16, 64)).toBeNull();
});
