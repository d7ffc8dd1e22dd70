import type { SagaDetail } from "../api/types";
import { count, duration } from "../logic/format";
import { Moment } from "../ui/moment";

/** The last attempts, as the owner remembers them. */
export function Attempts({ saga }: { saga: SagaDetail }) {
  const attempts = saga.live?.attempts ?? [];
  return (
    <section className="panel" aria-label="Attempts">
      <div className="panel-head"><h2>Attempts</h2><span className="quiet">{count(saga.attempts)} in all</span></div>
      {attempts.length === 0 && <p className="quiet">The owner remembers none.</p>}
      {attempts.length > 0 && (
        <table className="attempts">
          <thead>
            <tr><th scope="col">#</th><th scope="col">At</th><th scope="col">Link</th><th scope="col">Took</th><th scope="col">Answer</th></tr>
          </thead>
          <tbody>
            {[...attempts].reverse().map((attempt, i) => (
              <tr key={i}>
                <td className="number">{attempt.attempt}</td>
                <td><Moment iso={attempt.at} exact /></td>
                <td>{attempt.link}</td>
                <td className="number">{duration(attempt.duration_ms)}</td>
                <td><code>{attempt.answer || "none"}</code></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
