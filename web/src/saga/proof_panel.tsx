import type { Proof } from "../api/types";
import { amount } from "../logic/format";
import { ProblemBanner } from "../ui/banner";
import type { Loaded } from "../ui/load";

/** May the held money go back? Yes only with the destination's refusal, which is final; and is all of it still there? */
export function ProofPanel({ proof, currency }: { proof: Loaded<Proof>; currency: string }) {
  const now = proof.value;
  return (
    <section className="panel" aria-label="Proof">
      <div className="panel-head"><h2>May this be released?</h2></div>
      <ProblemBanner problem={proof.problem} before="The proof could not be read." />
      {now && (
        <>
          <p className="verdict">
            <span className={`verdict-word ${now.may_be_released ? "good" : "no"}`}>{now.may_be_released ? "Yes" : "No"}</span>
            <span>{now.sentence}</span>
          </p>
          <ul className="checks" aria-label="Evidence of the proof">
            {now.evidence.map((one) => (
              <li key={one.fact}>
                <span className={one.holds ? "check good" : "check"} aria-hidden="true">{one.holds ? "✓" : "–"}</span>
                <span>
                  <span className="visually-hidden">{one.holds ? "Holds: " : "Does not hold: "}</span>
                  {one.fact}
                  {one.detail && <span className="quiet"> {one.detail}</span>}
                </span>
              </li>
            ))}
          </ul>
          <Conservation conservation={now.conservation} currency={currency} />
        </>
      )}
    </section>
  );
}

function Conservation({ conservation, currency }: { conservation: Proof["conservation"]; currency: string }) {
  const sums = [
    ["Left the source", conservation.source_out],
    ["Reached the destination", conservation.destination_in],
    ["Still held", conservation.held],
  ] as const;
  return (
    <div className={conservation.ok ? "conservation" : "conservation broken"} role={conservation.ok ? undefined : "alert"}>
      <h3>Conservation <span className={conservation.ok ? "good-text" : "bad-text"}>{conservation.ok ? "holds" : "is broken"}</span></h3>
      <dl className="sums-of-three">
        {sums.map(([name, sum]) => (
          <div key={name}><dt>{name}</dt><dd className="number">{amount(sum)} <span className="quiet">{currency}</span></dd></div>
        ))}
      </dl>
      <p className="quiet">{conservation.sentence}</p>
    </div>
  );
}
