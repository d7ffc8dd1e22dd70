// The shards as tiles, coloured by their node. One tile is in the tab order; arrow keys lead to the others.
import { type CSSProperties, type KeyboardEvent, useRef, useState } from "react";
import { moveShard } from "../api/cluster";
import type { Cluster, Shard } from "../api/types";
import { shardSentence, tileAfterKey } from "../logic/map";
import { ProblemBanner } from "../ui/banner";
import { Field } from "../ui/field";
import { useAct } from "../ui/load";
import { useMay } from "../ui/session";

const columns = 16;

interface Props {
  cluster: Cluster;
  colours: Map<string, number>;
  onDone(sentence: string): void;
}

export function ShardMap({ cluster, colours, onDone }: Props) {
  const [chosen, setChosen] = useState(0);
  const grid = useRef<HTMLDivElement>(null);
  const shard = cluster.shards[chosen];
  const onKey = (event: KeyboardEvent) => {
    const next = tileAfterKey(event.key, chosen, columns, cluster.shards.length);
    if (next === null) return;
    event.preventDefault();
    setChosen(next);
    grid.current?.querySelectorAll<HTMLButtonElement>("button")[next]?.focus();
  };
  return (
    <section className="panel" aria-label="Shards">
      <div className="panel-head"><h2>Shards</h2><Legend colours={colours} /></div>
      <div className="shards" role="group" aria-label="Map of shards; arrow keys move" ref={grid} onKeyDown={onKey}
        style={{ "--columns": columns } as CSSProperties}>
        {cluster.shards.map((one, i) => (
          <Tile key={one.shard} shard={one} colours={colours} isChosen={i === chosen} onChoose={() => setChosen(i)} />
        ))}
      </div>
      {shard && <Chosen key={shard.shard} shard={shard} cluster={cluster} onDone={onDone} />}
    </section>
  );
}

function Legend({ colours }: { colours: Map<string, number> }) {
  return (
    <ul className="legend" aria-label="Colours">
      {[...colours].map(([name, colour]) => (
        <li key={name}><span className={`swatch node-${colour}`} aria-hidden="true" />node {name}</li>
      ))}
      <li><span className="swatch moving" aria-hidden="true" />moving</li>
      <li><span className="swatch ownerless" aria-hidden="true" />no owner</li>
    </ul>
  );
}

interface TileProps {
  shard: Shard;
  colours: Map<string, number>;
  isChosen: boolean;
  onChoose(): void;
}

function Tile({ shard, colours, isChosen, onChoose }: TileProps) {
  const colour = shard.node === null ? "" : `node-${colours.get(shard.node) ?? 0}`;
  return (
    <button type="button" className={`tile ${shard.status} ${colour}`} title={shardSentence(shard)}
      aria-label={shardSentence(shard)} aria-pressed={isChosen} tabIndex={isChosen ? 0 : -1} onClick={onChoose}>
      <span className="tile-shard">{shard.shard}</span>
      <span className="tile-node">
        {shard.node ?? "none"}{shard.target !== null && shard.target !== shard.node && `→${shard.target}`}
      </span>
    </button>
  );
}

interface ChosenProps {
  shard: Shard;
  cluster: Cluster;
  onDone: Props["onDone"];
}

/** The chosen shard in words, and where it may be sent. */
function Chosen({ shard, cluster, onDone }: ChosenProps) {
  const mayMove = useMay("cluster:operate");
  return (
    <div className="chosen">
      <p role="status">{shardSentence(shard)}.</p>
      <span className="spacer" />
      {mayMove && <Move shard={shard} cluster={cluster} onDone={onDone} />}
    </div>
  );
}

function Move({ shard, cluster, onDone }: ChosenProps) {
  const others = cluster.nodes.filter((node) => node.state === "up" && node.node !== shard.node).map((node) => node.node);
  const [wanted, setWanted] = useState("");
  const to = others.includes(wanted) ? wanted : (others[0] ?? "");
  const work = useAct();
  const move = async () => {
    if (await work.run(() => moveShard(shard.shard, to))) onDone(`Shard ${shard.shard} is going to node ${to}.`);
  };
  return (
    <>
      {others.length === 0 ? (
        <p className="quiet">There is no other node that is up.</p>
      ) : (
        <form className="inline-form" onSubmit={(event) => { event.preventDefault(); void move(); }}>
          <Field label={`Move shard ${shard.shard} to node`}>
            <select value={to} onChange={(event) => setWanted(event.target.value)}>
              {others.map((name) => <option key={name}>{name}</option>)}
            </select>
          </Field>
          <button type="submit" disabled={work.isBusy}>Move</button>
        </form>
      )}
      <ProblemBanner problem={work.problem} />
    </>
  );
}
