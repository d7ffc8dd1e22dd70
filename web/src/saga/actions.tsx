// What can be asked of the saga's owner. Every wish carries a reason, which stands in the timeline.
import { type FormEvent, useState } from "react";
import { act } from "../api/sagas";
import type { SagaAction, SagaDetail } from "../api/types";
import { isOpen } from "../logic/saga";
import { actionNames, actionWords } from "../ui/actions";
import { Banner, ProblemBanner } from "../ui/banner";
import { Dialog } from "../ui/dialog";
import { Field } from "../ui/field";
import { useAct } from "../ui/load";

/** Why an action cannot be asked for now, or nothing. The owner has the last word all the same. */
function obstacle(action: SagaAction, saga: SagaDetail): string | undefined {
  if (!isOpen(saga)) return "The saga is over.";
  if (action === "pause" && saga.paused) return "It is paused already.";
  if (action === "resume" && !saga.paused) return "It is not paused.";
  if (action === "retry" && saga.state === "under_review") return "It waits for an officer: nothing is sent.";
  if (action === "cancel" && saga.state === "cancelling") return "It is being cancelled already.";
  return undefined;
}

export function Actions({ saga, onDone }: { saga: SagaDetail; onDone(): void }) {
  const [asking, setAsking] = useState<SagaAction | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  const done = (sentence: string) => {
    setAsking(null);
    setSaid(sentence);
    onDone();
  };
  return (
    <section className="panel" aria-label="Actions">
      <div className="panel-head"><h2>Actions</h2></div>
      <div className="action-buttons">
        {actionNames.map((action) => (
          <button key={action} type="button" disabled={obstacle(action, saga) !== undefined} title={obstacle(action, saga)}
            onClick={() => { setSaid(null); setAsking(action); }}>
            {actionWords[action].button}
          </button>
        ))}
      </div>
      {said && <Banner tone="good">{said}</Banner>}
      <p className="quiet small">
        {isOpen(saga)
          ? "There is no forced release: money goes back only on proof that it was not credited."
          : "The saga is over; nothing can be asked of it any more."}
      </p>
      {asking && <ActionDialog id={saga.id} action={asking} onClose={() => setAsking(null)} onDone={done} />}
    </section>
  );
}

interface DialogProps {
  id: string;
  action: SagaAction;
  onClose(): void;
  onDone(sentence: string): void;
}

function ActionDialog({ id, action, onClose, onDone }: DialogProps) {
  const [reason, setReason] = useState("");
  const work = useAct();
  const ask = async (event: FormEvent) => {
    event.preventDefault();
    const done = await work.run(() => act(id, action, reason.trim()));
    if (done) onDone(done.answer.sentence || `${actionWords[action].button}: accepted.`);
  };
  return (
    <Dialog title={actionWords[action].button} onClose={onClose}>
      <form className="dialog-body" onSubmit={(event) => void ask(event)}>
        <p>{actionWords[action].explanation}</p>
        <Field label="Reason" hint="Stands in the timeline.">
          <input value={reason} onChange={(event) => setReason(event.target.value)} required maxLength={256} autoComplete="off" autoFocus />
        </Field>
        <ProblemBanner problem={work.problem} />
        <div className="dialog-buttons">
          <button type="button" onClick={onClose}>Close</button>
          <button type="submit" className="primary" disabled={work.isBusy}>{actionWords[action].button}</button>
        </div>
      </form>
    </Dialog>
  );
}
