// What happened, oldest first: the step in the middle of the row, what each wallet had before and after it beside it.
import type { Balances, Step } from "../api/types";
import { type Row, rowsOf, type Seen } from "../logic/balances";
import { absent, amount, duration } from "../logic/format";
import { ProblemBanner } from "../ui/banner";
import type { Loaded } from "../ui/load";
import { Moment } from "../ui/moment";

interface Props {
  timeline: Loaded<Step[]>;
  destinationWallet: string;
}

export function Timeline({ timeline, destinationWallet }: Props) {
  const rows = timeline.value && rowsOf(timeline.value, destinationWallet);
  return (
    <section className="panel" aria-label="Timeline">
      <div className="panel-head"><h2>Timeline</h2></div>
      <ProblemBanner problem={timeline.problem} before="The timeline could not be read." />
      {rows?.length === 0 && <p className="quiet">Nothing is recorded.</p>}
      {rows && rows.length > 0 && (
        <div className="scroll" role="region" aria-label="Steps" tabIndex={0}>
          <table className="timeline">
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Step</th>
                <th scope="col">Source wallet</th>
                <th scope="col">Destination wallet</th>
              </tr>
            </thead>
            <tbody>{rows.map((row, i) => <TimelineRow key={i} row={row} />)}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function TimelineRow({ row }: { row: Row }) {
  const { step } = row;
  if (step.what === "gap")
    return (
      <tr className="gap">
        <td className="number">{duration(step.gap_ms)}</td>
        <td colSpan={3}>{step.title}</td>
      </tr>
    );
  return (
    <tr className={`step ${step.what}`}>
      <td className="when"><Moment iso={step.at} exact /><span className="quiet">+{duration(row.offsetMs)}</span></td>
      <td><StepText step={step} /></td>
      <BalanceCell seen={row.source} />
      <BalanceCell seen={row.destination} />
    </tr>
  );
}

/** Where a step was made, as far as it says so. */
function placeOf(step: Step): string {
  const parts = [
    step.node !== undefined && `node ${step.node}`,
    step.epoch !== undefined && `epoch ${step.epoch}`,
    step.shard !== undefined && `shard ${step.shard}`,
    step.batch !== undefined && `batch ${step.batch}`,
    step.wallet_seq !== undefined && `entry ${step.wallet_seq} of the wallet`,
    step.link !== undefined && (step.link === "local" ? "within the node" : `over the link to ${step.link}`),
    step.duration_ms !== undefined && `took ${duration(step.duration_ms)}`,
  ];
  return parts.filter(Boolean).join(" · ");
}

function StepText({ step }: { step: Step }) {
  return (
    <div className="step-text">
      <span className={`dot ${step.what}`} aria-hidden="true" />
      <div>
        <p>
          <span className="step-title">{step.title}</span>
          {step.answer && <code className="answer">{step.answer}</code>}
        </p>
        {(step.who || step.why) && <p>{step.who && <strong>{step.who}</strong>}{step.who && step.why && ": "}{step.why}</p>}
        <p className="quiet small"><span className="step-kind">{step.what}{step.attempt !== undefined && ` ${step.attempt}`}</span> {placeOf(step)}</p>
      </div>
    </div>
  );
}

function BalanceLine({ name, before, after }: { name: keyof Balances; before: Balances | null; after: Balances }) {
  const isSame = before === null || before[name] === after[name];
  return (
    <span className="balance">
      <span className="balance-name">{name}</span>
      {isSame ? (
        <span className="number">{amount(after[name])}</span>
      ) : (
        <span className="number changed">{amount(before[name])} → <strong>{amount(after[name])}</strong></span>
      )}
    </span>
  );
}

function BalanceCell({ seen: { before, after, isChange } }: { seen: Seen }) {
  if (after === null) return <td className="balances quiet">{absent}</td>;
  return (
    <td className={isChange ? "balances is-change" : "balances"}>
      <BalanceLine name="available" before={before} after={after} />
      <BalanceLine name="held" before={before} after={after} />
    </td>
  );
}
