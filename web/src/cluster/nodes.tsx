import { useState } from "react";
import { drainNode } from "../api/cluster";
import type { Cluster, ClusterNode } from "../api/types";
import { duration, plural, shortId } from "../logic/format";
import { useAct } from "../ui/load";
import { useMay } from "../ui/session";
import { Badge } from "../ui/state_badge";
import { Confirm } from "./confirm";

const linkWords: Record<ClusterNode["link"], string> = { self: "this node", up: "up", down: "down" };

interface Props {
  cluster: Cluster;
  colours: Map<string, number>;
  onDone(sentence: string): void;
}

export function Nodes({ cluster, colours, onDone }: Props) {
  return (
    <section className="panel" aria-label="Nodes">
      <div className="panel-head"><h2>Nodes</h2></div>
      <div className="scroll" role="region" aria-label="Table of nodes" tabIndex={0}>
        <table className="nodes">
          <thead>
            <tr>
              <th scope="col">Node</th><th scope="col">State</th><th scope="col">Link</th><th scope="col">Shards</th>
              <th scope="col">Silent for</th><th scope="col">Addresses</th><th scope="col">Build</th>
              <th scope="col"><span className="visually-hidden">Actions</span></th>
            </tr>
          </thead>
          <tbody>
            {cluster.nodes.map((node) => (
              <NodeRow key={node.incarnation} node={node} colour={colours.get(node.node) ?? 0} onDone={onDone} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function NodeRow({ node, colour, onDone }: { node: ClusterNode; colour: number; onDone: Props["onDone"] }) {
  const mayDrain = useMay("cluster:approve");
  return (
    <tr>
      <th scope="row">
        <span className={`swatch node-${colour}`} aria-hidden="true" />
        {node.node} <span className="quiet mono small" title={node.incarnation}>{shortId(node.incarnation)}</span>
      </th>
      <td><Badge tone={`node-${node.state}`}>{node.state}</Badge></td>
      <td className={node.link === "down" ? "bad-text" : undefined}>{linkWords[node.link]}</td>
      <td className="number">{node.shards}</td>
      <td className="number">{duration(node.silent_for_ms)}</td>
      <td className="mono small">{node.http_address}<br />{node.internal_address}</td>
      <td className="mono small">{node.build}<br />protocol {node.protocol.join("–")}</td>
      <td>{mayDrain && node.state === "up" && <Drain node={node} onDone={onDone} />}</td>
    </tr>
  );
}

function Drain({ node, onDone }: { node: ClusterNode; onDone: Props["onDone"] }) {
  const [isAsking, setAsking] = useState(false);
  const work = useAct();
  const start = async () => {
    if (!(await work.run(() => drainNode(node.node)))) return;
    setAsking(false);
    onDone(`Node ${node.node} is being drained.`);
  };
  return (
    <>
      <button type="button" aria-label={`Drain node ${node.node}`} onClick={() => setAsking(true)}>Drain…</button>
      {isAsking && (
        <Confirm title={`Drain node ${node.node}`} button="Drain" work={work} onYes={() => void start()} onClose={() => setAsking(false)}>
          Its {plural(node.shards, "shard")} move to the other nodes, one by one, and it takes no new ones.
        </Confirm>
      )}
    </>
  );
}
