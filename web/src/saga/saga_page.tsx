// One saga: where it is and why, everything that happened to it, and what may be asked of its owner.
import { useState } from "react";
import { readNotes, readProof, readSaga, readTimeline } from "../api/sagas";
import { isOpen } from "../logic/saga";
import { Banner, ProblemBanner } from "../ui/banner";
import { useLoaded } from "../ui/load";
import { useMay } from "../ui/session";
import { Actions } from "./actions";
import { Attempts } from "./attempts";
import { Notes } from "./notes";
import { ProofPanel } from "./proof_panel";
import { SagaHead } from "./saga_head";
import { Timeline } from "./timeline";
import { Why } from "./why";

const refreshOpenMs = 2_000;
const refreshFinalMs = 30_000;

function Breadcrumb({ backTo }: { backTo: string }) {
  return <nav className="crumbs" aria-label="Way back"><a href={backTo}>← Sagas</a></nav>;
}

export function SagaPage({ id, backTo }: { id: string; backTo: string }) {
  const mayOperate = useMay("sagas:operate");
  const [isFinal, setFinal] = useState(false);
  const every = isFinal ? refreshFinalMs : refreshOpenMs;
  const readAndNote = async (signal: AbortSignal) => {
    const answer = await readSaga(id, signal);
    setFinal(!isOpen(answer));
    return answer;
  };
  const saga = useLoaded(id, readAndNote, every);
  const timeline = useLoaded(id, (signal) => readTimeline(id, signal), every);
  const proof = useLoaded(id, (signal) => readProof(id, signal), every);
  const notes = useLoaded(id, (signal) => readNotes(id, signal), refreshFinalMs);
  const reload = () => [saga, timeline, proof].forEach((part) => part.reload());

  const now = saga.value;
  if (now === null)
    return (
      <>
        <Breadcrumb backTo={backTo} />
        <h1 className="visually-hidden">Saga</h1>
        {saga.problem ? <ProblemBanner problem={saga.problem} before="This saga cannot be shown." /> : <p className="empty">Reading the saga…</p>}
      </>
    );
  return (
    <>
      <Breadcrumb backTo={backTo} />
      <ProblemBanner problem={saga.problem} before="This saga could not be refreshed." />
      {isOpen(now) && now.live?.available === false && (
        <Banner tone="warn" code="owner_unreachable">
          <strong>The owner of this saga is down.</strong> What is shown here is read from the tables, and actions
          are refused until its owner is back.
        </Banner>
      )}
      <SagaHead saga={now} />
      <div className="saga-columns">
        <div className="stack">
          <Why saga={now} />
          <Timeline timeline={timeline} destinationWallet={now.destination_wallet_id} />
        </div>
        <div className="stack">
          {mayOperate && <Actions saga={now} onDone={reload} />}
          <ProofPanel proof={proof} currency={now.currency} />
          <Attempts saga={now} />
          <Notes id={id} notes={notes} saga={now} onSaved={() => { notes.reload(); saga.reload(); }} />
        </div>
      </div>
    </>
  );
}
