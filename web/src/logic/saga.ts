import type { Counts, Saga } from "../api/types";

/** Money is held and nobody has decided yet what becomes of it, or the decision is not carried out. */
export const isOpen = (saga: Pick<Saga, "state">) =>
  saga.state === "reserved" || saga.state === "cancelling" || saga.state === "under_review";

export const openCount = ({ states }: Pick<Counts, "states">) =>
  (states.reserved ?? 0) + (states.cancelling ?? 0) + (states.under_review ?? 0);
