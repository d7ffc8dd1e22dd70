import type { SagaDetail } from "../api/types";
import { absent, duration } from "../logic/format";
import { Moment } from "../ui/moment";

/** Nothing to explain about a saga that is over by the rules: its decision says it. */
function sentenceOf(saga: SagaDetail): string {
  if (saga.reason) return saga.reason;
  switch (saga.state) {
    case "settled": return "It is over: the money arrived.";
    case "released": return "It is over: the money went back to the source wallet.";
    case "declined": return "It is over: it was declined before any money was held.";
    default: return "Nothing unusual is known; it is under way.";
  }
}

function Decided({ saga }: { saga: SagaDetail }) {
  const { decision } = saga;
  if (!decision) return <>none yet</>;
  return (
    <>
      {decision.outcome}{decision.reason && <> (<code>{decision.reason}</code>)</>} by shard {decision.shard}
      {" at "}<Moment iso={decision.decided_at} />
    </>
  );
}

/** Why the saga is where it is, and what the sentence rests on. */
export function Why({ saga }: { saga: SagaDetail }) {
  const { live } = saga;
  return (
    <section className={saga.stuck ? "panel why-panel is-stuck" : "panel why-panel"} aria-label="Why it is where it is">
      <div className="panel-head"><h2>Why it is where it is</h2></div>
      <p className="reason">{sentenceOf(saga)}</p>
      {saga.evidence && saga.evidence.length > 0 && (
        <ul className="evidence" aria-label="Evidence">{saga.evidence.map((line) => <li key={line}>{line}</li>)}</ul>
      )}
      <dl className="facts">
        <div className="fact"><dt>Decision of the destination</dt><dd><Decided saga={saga} /></dd></div>
        {live && (
          <>
            <div className="fact"><dt>Known</dt><dd>{live.says}</dd></div>
            <div className="fact"><dt>Waiting for</dt><dd>{live.waiting_for ?? absent}</dd></div>
            <div className="fact"><dt>Next attempt in</dt><dd>{duration(live.next_attempt_in_ms)}</dd></div>
          </>
        )}
      </dl>
    </section>
  );
}
