import type { Saga } from "../api/types";

/** Colour and word: nobody has to tell colours apart. */
export function Badge({ tone, children }: { tone: string; children: string }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}

/** The state, and what is unusual about it. */
export function StateBadges({ saga }: { saga: Pick<Saga, "state" | "stuck" | "paused" | "compact"> }) {
  return (
    <span className="badges">
      <Badge tone={saga.state}>{saga.state}</Badge>
      {saga.stuck && <Badge tone="stuck">stuck</Badge>}
      {saga.paused && <Badge tone="paused">paused</Badge>}
      {saga.compact && <span className="badge plain" title="The whole saga was one commit.">one commit</span>}
    </span>
  );
}
