// The routes below /v1/cluster.
import type { Cluster } from "./types";
import { request } from "./request";

export const readCluster = (signal?: AbortSignal) => request<Cluster>("GET", "/v1/cluster", undefined, signal);

export const moveShard = (shard: number, to: string) =>
  request<unknown>("POST", `/v1/cluster/shards/${shard}/move`, { to });

export const drainNode = (node: string) =>
  request<unknown>("POST", `/v1/cluster/nodes/${encodeURIComponent(node)}/drain`);

export const rebalance = () => request<{ moves: number }>("POST", "/v1/cluster/rebalance");
