import { useState } from "react";
import { readBulk, steerBulk } from "../api/sagas";
import type { BulkJob } from "../api/types";
import { count, plural, shortId } from "../logic/format";
import { sagaAddress } from "../logic/route";
import { ProblemBanner } from "../ui/banner";
import { useAct, useLoaded } from "../ui/load";
import { useMay } from "../ui/session";

const everyMs = 1_000;

const stateWords: Record<BulkJob["state"], string> = {
  running: "under way", paused: "paused", done: "done", aborted: "aborted",
};

/** A bulk job on its way. It goes on without this page; closing only hides it. */
export function BulkProgress({ job, onClose }: { job: string; onClose(): void }) {
  const [isOver, setOver] = useState(false);
  const readOn = async (signal: AbortSignal) => {
    const answer = await readBulk(job, signal);
    setOver(answer.state === "done" || answer.state === "aborted");
    return answer;
  };
  const read = useLoaded(job, readOn, isOver ? undefined : everyMs);
  const steer = useAct();
  const maySteer = useMay("sagas:operate");
  const now = read.value;
  const ask = async (wish: "pause" | "resume" | "abort") => {
    if (await steer.run(() => steerBulk(job, wish))) read.reload();
  };
  return (
    <section className="panel bulk" aria-label="Bulk action">
      <div className="panel-head">
        <h2>Bulk action {now ? stateWords[now.state] : "…"}</h2>
        <span className="spacer" />
        {maySteer && now?.state === "running" && <button type="button" disabled={steer.isBusy} onClick={() => void ask("pause")}>Pause</button>}
        {maySteer && now?.state === "paused" && <button type="button" disabled={steer.isBusy} onClick={() => void ask("resume")}>Resume</button>}
        {maySteer && now && !isOver && <button type="button" className="danger" disabled={steer.isBusy} onClick={() => void ask("abort")}>Abort</button>}
        <button type="button" onClick={onClose}>Hide</button>
      </div>
      <ProblemBanner problem={steer.problem ?? read.problem} />
      {now && <Progress job={now} />}
    </section>
  );
}

function Progress({ job }: { job: BulkJob }) {
  return (
    <>
      <progress max={Math.max(1, job.total)} value={job.done} aria-label="Progress" />
      <p role="status">
        {count(job.done)} of {plural(job.total, "saga")} asked
        {job.refused > 0 && <span className="warn-text">, {count(job.refused)} refused</span>}
      </p>
      {job.report.length > 0 && (
        <details>
          <summary>The last {job.report.length} outcomes</summary>
          <ul className="report">
            {job.report.map((line, i) => (
              <li key={`${line.id} ${i}`}><a className="mono" href={sagaAddress(line.id)}>{shortId(line.id)}</a> {line.outcome}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
