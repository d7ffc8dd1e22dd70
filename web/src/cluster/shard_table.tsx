import type { Shard } from "../api/types";
import { absent } from "../logic/format";

/** The same as the map, for those who read rather than look. */
export function ShardTable({ shards }: { shards: Shard[] }) {
  return (
    <details className="panel">
      <summary>Shards as a table</summary>
      <div className="scroll" role="region" aria-label="Table of shards" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {["Shard", "Status", "Node", "Epoch", "Target", "Database"].map((name) => <th key={name} scope="col">{name}</th>)}
            </tr>
          </thead>
          <tbody>
            {shards.map((shard) => (
              <tr key={shard.shard}>
                <th scope="row" className="number">{shard.shard}</th>
                <td className={shard.status === "ownerless" ? "bad-text" : undefined}>{shard.status}</td>
                <td>{shard.node ?? absent}</td>
                <td className="number">{shard.epoch}</td>
                <td>{shard.target ?? absent}</td>
                <td className="number">{shard.database}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
