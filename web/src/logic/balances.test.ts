import { expect, test } from "vitest";
import type { Step } from "../api/types";
import { rowsOf } from "./balances";

const balances = (available: string, held: string) => ({ available, held });
const steps: Step[] = [
  { at: "2026-11-20T10:00:00.000Z", what: "event", title: "held", side: "source",
    balances_before: balances("100.00", "0.00"), balances_after: balances("60.00", "40.00") },
  { at: "2026-11-20T10:00:00.250Z", what: "attempt", title: "asked" },
  { at: "2026-11-20T10:00:01.000Z", what: "event", title: "credited", wallet_id: "budi",
    balances_before: balances("5.00", "0.00"), balances_after: balances("45.00", "0.00") },
];

test("each step shows both wallets: what it changed, and what stayed", () => {
  const [held, asked, credited] = rowsOf(steps, "budi");
  expect(held?.source).toEqual({ before: balances("100.00", "0.00"), after: balances("60.00", "40.00"), isChange: true });
  expect(held?.destination).toEqual({ before: balances("5.00", "0.00"), after: balances("5.00", "0.00"), isChange: false });
  expect(asked?.source.after).toEqual(balances("60.00", "40.00"));
  expect(asked?.source.isChange).toBe(false);
  expect(credited?.destination).toEqual({ before: balances("5.00", "0.00"), after: balances("45.00", "0.00"), isChange: true });
});

test("times count from the first step", () => {
  expect(rowsOf(steps, "budi").map((row) => row.offsetMs)).toEqual([0, 250, 1000]);
});

test("balances that nobody told stay unknown", () => {
  const [only] = rowsOf([{ at: "2026-11-20T10:00:00Z", what: "saga", title: "reserved" }], "budi");
  expect(only?.source).toEqual({ before: null, after: null, isChange: false });
});
