// What is going on as a whole: how many are open, for how long, and what stops them.
import type { Counts } from "../api/types";
import { causeFilter, causeSentence, causeSize, sortCauses } from "../logic/causes";
import type { Filter } from "../logic/filters";
import { bucketName, count, duration } from "../logic/format";
import { openCount } from "../logic/saga";
import { ProblemBanner } from "../ui/banner";
import type { FollowedCounts } from "./counts";

const feedSentences = {
  connecting: "Connecting…",
  live: "Live",
  polling: "No event stream; asking every 2 s",
};

export function Overview({ counts, onFilter }: { counts: FollowedCounts; onFilter(filter: Filter): void }) {
  return (
    <section aria-label="What is going on">
      <ProblemBanner problem={counts.problem} before="The counts could not be read." />
      <div className="overview">
        <OpenSagas counts={counts} />
        <Ages counts={counts.value} onFilter={onFilter} />
        <Causes counts={counts.value} onFilter={onFilter} />
      </div>
    </section>
  );
}

function OpenSagas({ counts: { value, feed } }: { counts: FollowedCounts }) {
  const open = value && openCount(value);
  return (
    <section className="panel figure" aria-label="Open sagas">
      <div className="panel-head">
        <h2>Open sagas</h2>
        <span className={`feed ${feed}`} role="status">{feedSentences[feed]}</span>
      </div>
      <p className="large" data-count="open">{count(open ?? undefined)}</p>
      <p className="quiet">{open ? `the oldest for ${duration(value?.oldest_age_ms)}` : value ? "nothing is under way" : "not known yet"}</p>
    </section>
  );
}

/** The bounds of a bar as a filter: older than the bar before, at most this one's. */
function ageFilter(upToS: number | null, beforeS: number | null): Filter {
  const filter: Filter = { state: "open" };
  if (beforeS !== null) filter.min_age_s = String(beforeS);
  if (upToS !== null) filter.max_age_s = String(upToS);
  return filter;
}

function Ages({ counts, onFilter }: { counts: Counts | null; onFilter(filter: Filter): void }) {
  const buckets = counts?.open_by_age ?? [];
  const most = Math.max(1, ...buckets.map((bucket) => bucket.count));
  return (
    <section className="panel" aria-label="Open sagas by age">
      <div className="panel-head"><h2>By age</h2></div>
      {buckets.length === 0 && <p className="quiet">Not known yet.</p>}
      <ul className="bars">
        {buckets.map((bucket, i) => {
          const before = buckets[i - 1]?.up_to_s ?? null;
          return (
            <li key={bucket.up_to_s ?? "over"}>
              <button type="button" className="bar" onClick={() => onFilter(ageFilter(bucket.up_to_s, before))}>
                <span className="bar-name">{bucketName(bucket.up_to_s, before)}</span>
                <span className="bar-track" aria-hidden="true">
                  <span className={`bar-fill age-${i}`} style={{ width: `${(100 * bucket.count) / most}%` }} />
                </span>
                <span className="bar-count">{count(bucket.count)}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Causes({ counts, onFilter }: { counts: Counts | null; onFilter(filter: Filter): void }) {
  const causes = sortCauses(counts?.causes ?? []);
  return (
    <section className="panel causes-panel" aria-label="What stops them">
      <div className="panel-head"><h2>What stops them</h2></div>
      {causes.length === 0 && <p className="quiet">{counts ? "Nothing stops any saga." : "Not known yet."}</p>}
      <ul className="causes">
        {causes.map((cause) => (
          <li key={`${cause.error} ${cause.destination_shard} ${cause.node}`}>
            <button type="button" className="cause" onClick={() => onFilter(causeFilter(cause))}>
              <span>{causeSentence(cause)}</span>
              <span className="quiet">{causeSize(cause)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
