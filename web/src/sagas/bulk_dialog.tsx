// One action for all sagas of the list: first what it would do, then, if that is wanted, the doing.
import { type FormEvent, useState } from "react";
import { type BulkWish, startBulk, tryBulk } from "../api/sagas";
import type { DryRun, SagaAction } from "../api/types";
import { type Filter, filterLabels, filterNames } from "../logic/filters";
import { amount, plural, shortId } from "../logic/format";
import { actionNames, actionWords } from "../ui/actions";
import { ProblemBanner } from "../ui/banner";
import { Dialog } from "../ui/dialog";
import { Field } from "../ui/field";
import { useAct } from "../ui/load";
import { useMay } from "../ui/session";

const defaultRatePerS = 20;

function filterSentence(filter: Filter): string {
  const parts = filterNames.filter((name) => filter[name]).map((name) => `${filterLabels[name].toLowerCase()} ${filter[name]}`);
  return parts.length === 0 ? "All sagas: no filter is set." : `Sagas with ${parts.join(", ")}.`;
}

interface Props {
  filter: Filter;
  onClose(): void;
  onStarted(job: string): void;
}

export function BulkDialog({ filter, onClose, onStarted }: Props) {
  const mayAct = useMay("sagas:approve");
  const [action, setAction] = useState<SagaAction>("retry");
  const [reason, setReason] = useState("");
  const [rate, setRate] = useState(String(defaultRatePerS));
  // The wish that was tried; whatever changes it needs another try.
  const [tried, setTried] = useState<{ wish: BulkWish; result: DryRun } | null>(null);
  const work = useAct();

  const changed = <T,>(set: (value: T) => void) => (value: T) => {
    setTried(null);
    set(value);
  };
  const tryOut = async (event: FormEvent) => {
    event.preventDefault();
    const wish = { filter, action, reason: reason.trim(), rate_per_s: Number(rate) };
    const done = await work.run(() => tryBulk(wish));
    if (done) setTried({ wish, result: done.answer });
  };
  const start = async (wish: BulkWish) => {
    const done = await work.run(() => startBulk(wish));
    if (done) onStarted(done.answer.id);
  };
  return (
    <Dialog title="Bulk action" onClose={onClose}>
      <form className="dialog-body" onSubmit={(event) => void tryOut(event)}>
        <p>{filterSentence(filter)}</p>
        <fieldset className="choices">
          <legend>Action</legend>
          {actionNames.map((name) => (
            <label key={name} className="choice">
              <input type="radio" name="action" value={name} checked={action === name} onChange={() => changed(setAction)(name)} />
              <span>{actionWords[name].button}</span>
            </label>
          ))}
        </fieldset>
        <p className="quiet">{actionWords[action].explanation}</p>
        <div className="fields two">
          <Field label="Reason" hint="Stands in every saga's timeline.">
            <input value={reason} onChange={(event) => changed(setReason)(event.target.value)} required maxLength={256} autoComplete="off" />
          </Field>
          <Field label="At most, per second">
            <input type="number" min={1} max={1000} value={rate} onChange={(event) => changed(setRate)(event.target.value)} required />
          </Field>
        </div>
        <ProblemBanner problem={work.problem} />
        {tried && <DryRunResult result={tried.result} />}
        {tried && !mayAct && <p>An approver may do it.</p>}
        <div className="dialog-buttons">
          <button type="button" onClick={onClose}>Close</button>
          <button type="submit" className={tried ? "" : "primary"} disabled={work.isBusy}>Try without doing it</button>
          {tried && mayAct && (
            <button type="button" className="primary" disabled={work.isBusy || tried.result.count === 0}
              onClick={() => void start(tried.wish)}>
              {actionWords[action].verb} {plural(tried.result.count, "saga")}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}

function DryRunResult({ result }: { result: DryRun }) {
  return (
    <section className="dry-run" role="status" aria-label="What it would do">
      <p className="large">{plural(result.count, "saga")}</p>
      <ul className="sums">
        {result.amounts.map((sum) => (
          <li key={sum.currency}><span className="number">{amount(sum.total)}</span> <span className="quiet">{sum.currency}</span></li>
        ))}
      </ul>
      {result.sample.length > 0 && (
        <p className="quiet">Among them: <span className="mono">{result.sample.slice(0, 5).map(shortId).join(", ")}</span></p>
      )}
      <p className="quiet">Nothing has been done yet.</p>
    </section>
  );
}
