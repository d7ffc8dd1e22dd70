// Open sagas grouped by what stops them.
import type { Cause } from "../api/types";
import type { Filter } from "./filters";
import { duration, plural } from "./format";

/** What stops most sagas first; among equals, what has stopped one longest. The input stays as it is. */
export function sortCauses(causes: readonly Cause[]): Cause[] {
  return [...causes].sort(
    (a, b) => b.count - a.count || b.oldest_age_ms - a.oldest_age_ms || a.destination_shard - b.destination_shard,
  );
}

/** "shard 17 on node b answers busy" */
export function causeSentence(cause: Cause): string {
  const place = cause.node ? `Shard ${cause.destination_shard} on node ${cause.node}` : `Shard ${cause.destination_shard}`;
  return cause.error === "" ? `${place} has not answered yet` : `${place} answers ${cause.error}`;
}

export function causeSize(cause: Cause): string {
  return `${plural(cause.count, "saga")}, the oldest for ${duration(cause.oldest_age_ms)}`;
}

/** Those open sagas that the cause stops. The list's owner is the saga's own, not the destination's: it stays open. */
export function causeFilter(cause: Cause): Filter {
  const filter: Filter = { state: "open", destination_shard: String(cause.destination_shard) };
  if (cause.error !== "") filter.error = cause.error;
  return filter;
}
