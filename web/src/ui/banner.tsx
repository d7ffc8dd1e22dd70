import type { ReactNode } from "react";
import type { Problem } from "../api/http";

export type Tone = "good" | "warn" | "bad" | "plain";

/** A sentence about the whole of what stands below it. Bad news interrupts a screen reader, the rest waits. */
export function Banner({ tone, code, children }: { tone: Tone; code?: string; children: ReactNode }) {
  return (
    <div className={`banner ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      <p>{children}</p>
      {code && <code>{code}</code>}
    </div>
  );
}

/** What went wrong, as the server said it; nothing when nothing did. `before` says what was tried. */
export function ProblemBanner({ problem, before }: { problem: Problem | null; before?: string }) {
  if (problem === null) return null;
  return (
    <Banner tone="bad" code={problem.code}>
      {before && <strong>{before} </strong>}
      {problem.message}
    </Banner>
  );
}
