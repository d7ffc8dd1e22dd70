// The list of sagas under what is going on as a whole. The query is the address's; everything that changes it goes there.
import { useState } from "react";
import { listSagas } from "../api/sagas";
import type { Filter, ListQuery, Sort } from "../logic/filters";
import { sortNames, sorts, writeListQuery } from "../logic/filters";
import { listAddress } from "../logic/route";
import { ProblemBanner } from "../ui/banner";
import { useLoaded } from "../ui/load";
import { useMay } from "../ui/session";
import { BulkDialog } from "./bulk_dialog";
import { BulkProgress } from "./bulk_progress";
import { useCounts } from "./counts";
import { ExportLinks } from "./export_links";
import { FilterChips, FilterForm } from "./filter_form";
import { Overview } from "./overview";
import { SagaTable } from "./saga_table";
import { StateTabs } from "./state_tabs";
import { ViewsMenu } from "./views_menu";

const pageSize = 50;
const refreshEveryMs = 4_000;

const go = (address: string) => void (window.location.hash = address);

/** The cursors that lead to the page that is shown; the first page has none. They belong to one query alone. */
function useCursors(query: string) {
  const [kept, setKept] = useState<{ query: string; cursors: string[] }>({ query, cursors: [] });
  const cursors = kept.query === query ? kept.cursors : [];
  return {
    cursor: cursors.at(-1) ?? null,
    number: cursors.length + 1,
    forth: (next: string) => setKept({ query, cursors: [...cursors, next] }),
    back: () => setKept({ query, cursors: cursors.slice(0, -1) }),
  };
}

export function SagasPage({ query, job }: { query: ListQuery; job: string | null }) {
  const [isFiltering, setFiltering] = useState(false);
  const [isBulkOpen, setBulkOpen] = useState(false);
  const mayOperate = useMay("sagas:operate");
  const counts = useCounts();
  const asked = writeListQuery(query);
  const pages = useCursors(asked.toString());
  const parameters = new URLSearchParams(asked);
  parameters.set("limit", String(pageSize));
  if (pages.cursor) parameters.set("cursor", pages.cursor);
  const list = useLoaded(parameters.toString(), (signal) => listSagas(parameters, signal), refreshEveryMs);

  const filterBy = (filter: Filter) => go(listAddress({ ...query, filter }, job));
  const sortBy = (sort: Sort) => go(listAddress({ ...query, sort }, job));
  const next = list.value?.next_cursor ?? null;
  return (
    <>
      <h1 className="visually-hidden">Sagas</h1>
      <Overview counts={counts} onFilter={filterBy} />
      {job && <BulkProgress job={job} onClose={() => go(listAddress(query))} />}
      <section className="panel list-panel" aria-label="List of sagas">
        <div className="toolbar">
          <StateTabs filter={query.filter} counts={counts.value} onFilter={filterBy} />
          <span className="spacer" />
          {mayOperate && <button type="button" onClick={() => setBulkOpen(true)}>Bulk action…</button>}
        </div>
        <div className="toolbar">
          <button type="button" aria-expanded={isFiltering} onClick={() => setFiltering(!isFiltering)}>Filters</button>
          <FilterChips filter={query.filter} onFilter={filterBy} />
          <span className="spacer" />
          <label className="inline">
            <span className="visually-hidden">Order</span>
            <select value={query.sort} onChange={(event) => sortBy(event.target.value as Sort)}>
              {sorts.map((sort) => <option key={sort} value={sort}>{sortNames[sort]}</option>)}
            </select>
          </label>
          <ViewsMenu filter={query.filter} onChoose={filterBy} />
          <ExportLinks query={asked} />
        </div>
        {isFiltering && <FilterForm filter={query.filter} onFilter={filterBy} />}
        <ProblemBanner problem={list.problem} before={list.value ? "The list could not be refreshed." : undefined} />
        <SagaTable sagas={list.value?.data ?? null} isLoading={list.isLoading} hasProblem={list.problem !== null} />
        <nav className="pager" aria-label="Pages">
          <button type="button" disabled={pages.number === 1} onClick={pages.back}>Previous</button>
          <span>Page {pages.number}</span>
          <button type="button" disabled={next === null} onClick={() => next && pages.forth(next)}>Next</button>
        </nav>
      </section>
      {isBulkOpen && (
        <BulkDialog filter={query.filter} onClose={() => setBulkOpen(false)}
          onStarted={(started) => { setBulkOpen(false); go(listAddress(query, started)); }} />
      )}
    </>
  );
}
