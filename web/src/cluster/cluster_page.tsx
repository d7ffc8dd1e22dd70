// Which node has which shard, how they see each other, and how the databases behind them do.
import { useState } from "react";
import { readCluster, rebalance } from "../api/cluster";
import type { Cluster } from "../api/types";
import { plural } from "../logic/format";
import { coloursOf } from "../logic/map";
import { Banner, ProblemBanner } from "../ui/banner";
import { useAct, useLoaded } from "../ui/load";
import { useMay } from "../ui/session";
import { Confirm } from "./confirm";
import { Databases } from "./databases";
import { Nodes } from "./nodes";
import { ShardMap } from "./shard_map";
import { ShardTable } from "./shard_table";

const refreshEveryMs = 2_000;

export function ClusterPage() {
  const cluster = useLoaded("cluster", readCluster, refreshEveryMs);
  const mayRebalance = useMay("cluster:approve");
  const [said, setSaid] = useState<string | null>(null);
  const now = cluster.value;
  const done = (sentence: string) => {
    setSaid(sentence);
    cluster.reload();
  };
  return (
    <>
      <div className="page-head">
        <h1>Cluster</h1>
        {now && <span className="quiet">{summaryOf(now)}</span>}
        <span className="spacer" />
        {now && mayRebalance && <Rebalance onDone={done} />}
      </div>
      <ProblemBanner problem={cluster.problem} before={now ? "The map could not be refreshed." : "The cluster cannot be shown."} />
      {said && <Banner tone="good">{said}</Banner>}
      {!now && !cluster.problem && <p className="empty">Reading the map…</p>}
      {now && <Panels cluster={now} onDone={done} />}
    </>
  );
}

function Panels({ cluster, onDone }: { cluster: Cluster; onDone(sentence: string): void }) {
  const colours = coloursOf(cluster);
  return (
    <div className="stack">
      <Nodes cluster={cluster} colours={colours} onDone={onDone} />
      <ShardMap cluster={cluster} colours={colours} onDone={onDone} />
      <ShardTable shards={cluster.shards} />
      <Databases databases={cluster.databases} />
    </div>
  );
}

function summaryOf(cluster: Cluster): string {
  const size = (status: string) => cluster.shards.filter((shard) => shard.status === status).length;
  const parts = [plural(cluster.nodes.length, "node"), plural(cluster.shard_count, "shard")];
  if (size("moving") > 0) parts.push(`${size("moving")} moving`);
  if (size("ownerless") > 0) parts.push(`${size("ownerless")} without an owner`);
  return `${parts.join(", ")}, seen by node ${cluster.me.node}`;
}

function Rebalance({ onDone }: { onDone(sentence: string): void }) {
  const [isAsking, setAsking] = useState(false);
  const work = useAct();
  const start = async () => {
    const done = await work.run(rebalance);
    if (!done) return;
    setAsking(false);
    onDone(done.answer.moves === 0 ? "The shards are spread evenly already." : `${plural(done.answer.moves, "shard")} will move.`);
  };
  return (
    <>
      <button type="button" onClick={() => setAsking(true)}>Rebalance…</button>
      {isAsking && (
        <Confirm title="Rebalance" button="Rebalance" work={work} onYes={() => void start()} onClose={() => setAsking(false)}>
          Shards move one by one until every node that is up has about as many. A wallet waits a moment while its shard moves.
        </Confirm>
      )}
    </>
  );
}
