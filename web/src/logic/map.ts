// The cluster's nodes and shards, as words and colours.
import type { Cluster, Shard } from "../api/types";

/** How many colours of nodes the style sheet has; a larger cluster uses them again, and tiles carry the node's name. */
export const nodeColours = 8;

/** Colours follow the order of the names, so that every viewer and every reload sees the same ones. */
export function coloursOf(cluster: Pick<Cluster, "nodes" | "shards">): Map<string, number> {
  const names = new Set(cluster.nodes.map((node) => node.node));
  for (const shard of cluster.shards) {
    if (shard.node !== null) names.add(shard.node);
    if (shard.target !== null) names.add(shard.target);
  }
  return new Map([...names].sort().map((name, i) => [name, i % nodeColours]));
}

export function shardSentence(shard: Shard): string {
  const place = `epoch ${shard.epoch}, database ${shard.database}`;
  const target = shard.target === null || shard.target === shard.node ? "" : `, going to node ${shard.target}`;
  const words = { owned: `owned by node ${shard.node}`, moving: `moving from node ${shard.node}`, ownerless: "no owner" };
  return `Shard ${shard.shard}: ${words[shard.status]}${target}, ${place}`;
}

/** The tile that a key leads to, in a grid that is `columns` wide; null when the key leads nowhere. */
export function tileAfterKey(key: string, from: number, columns: number, size: number): number | null {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  const to = key === "Home" ? 0 : key === "End" ? size - 1 : key in steps ? from + (steps[key] ?? 0) : -1;
  return to >= 0 && to < size ? to : null;
}
