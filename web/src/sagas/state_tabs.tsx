import type { Counts, SagaState } from "../api/types";
import { type Filter, states, without } from "../logic/filters";
import { count } from "../logic/format";
import { openCount } from "../logic/saga";

function countOf(state: (typeof states)[number], counts: Counts | null): number | undefined {
  if (counts === null || state === "stuck") return undefined;
  if (state === "open") return openCount(counts);
  return counts.states[state as SagaState];
}

/** One state at a time, or all. */
export function StateTabs({ filter, counts, onFilter }: { filter: Filter; counts: Counts | null; onFilter(filter: Filter): void }) {
  const tab = (name: string, isChosen: boolean, size: number | undefined, choose: () => void) => (
    <button key={name} type="button" className="segment" aria-pressed={isChosen} onClick={choose}>
      {name.charAt(0).toUpperCase() + name.slice(1).replace("_", " ")}
      {size !== undefined && <span className="segment-count">{count(size)}</span>}
    </button>
  );
  return (
    <div className="segments" role="group" aria-label="State">
      {tab("all", filter.state === undefined, undefined, () => onFilter(without(filter, "state")))}
      {states.map((state) =>
        tab(state, filter.state === state, countOf(state, counts), () => onFilter({ ...filter, state })))}
    </div>
  );
}
