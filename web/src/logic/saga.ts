import type { Saga } from "../api/types";

/** Money is held and nobody has decided yet what becomes of it, or the decision is not carried out. */
export const isOpen = (saga: Pick<Saga, "state">) => saga.state === "reserved" || saga.state === "cancelling";
