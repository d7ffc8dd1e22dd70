// Both wallets' balances beside each step of a timeline. A step tells those of the wallet that it changed; those of the
// other one are what its own last step left.
import type { Balances, Step } from "../api/types";

export type Side = "source" | "destination";

export interface Seen {
  before: Balances | null;
  after: Balances | null;
  /** The step itself changed this wallet. */
  isChange: boolean;
}

export interface Row {
  step: Step;
  /** Since the first step. */
  offsetMs: number;
  source: Seen;
  destination: Seen;
}

function sideOf(step: Step, destinationWallet: string): Side | null {
  if (step.side) return step.side;
  if (!step.wallet_id) return null;
  return step.wallet_id === destinationWallet ? "destination" : "source";
}

export function rowsOf(steps: readonly Step[], destinationWallet: string): Row[] {
  // What a wallet had before the first step that tells it is known from that step's own "before".
  const now: Record<Side, Balances | null> = { source: null, destination: null };
  for (const side of ["source", "destination"] as const)
    now[side] = steps.find((step) => sideOf(step, destinationWallet) === side && step.balances_before)?.balances_before ?? null;
  const began = Date.parse(steps[0]?.at ?? "");

  return steps.map((step) => {
    const changed = sideOf(step, destinationWallet);
    const seen = (side: Side): Seen => {
      const isChange = changed === side && step.balances_after !== undefined;
      const before = isChange ? (step.balances_before ?? now[side]) : now[side];
      if (isChange) now[side] = step.balances_after ?? null;
      return { before, after: now[side], isChange };
    };
    return { step, offsetMs: Date.parse(step.at) - began, source: seen("source"), destination: seen("destination") };
  });
}
