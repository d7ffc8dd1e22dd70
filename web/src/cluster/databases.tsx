import type { Database } from "../api/types";
import { count, duration, plural } from "../logic/format";
import { Badge } from "../ui/state_badge";

function Reach({ database }: { database: Database }) {
  if (!database.reachable) return <Badge tone="node-expired">unreachable</Badge>;
  if (database.lane.suspended) return <Badge tone="node-draining">lane suspended</Badge>;
  return <Badge tone="node-up">reachable</Badge>;
}

/** Every database with this node's lane to it: the queue of what is to be committed there. */
export function Databases({ databases }: { databases: Database[] }) {
  return (
    <section className="panel" aria-label="Databases">
      <div className="panel-head"><h2>Databases and lanes</h2></div>
      <ul className="databases">
        {databases.map((database) => (
          <li key={database.id} className="database">
            <p className="database-head"><strong>Database {database.id}</strong> <Reach database={database} /></p>
            <dl className="facts">
              <div className="fact"><dt>Waiting rows</dt><dd>{count(database.lane.waiting_rows)}</dd></div>
              <div className="fact"><dt>Oldest for</dt><dd>{duration(database.lane.oldest_age_ms)}</dd></div>
              <div className="fact"><dt>Carries</dt><dd>{plural(database.lane.shards, "shard")}</dd></div>
            </dl>
          </li>
        ))}
      </ul>
    </section>
  );
}
