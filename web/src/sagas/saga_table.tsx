import type { Saga } from "../api/types";
import { absent, amount, count, duration, shortId } from "../logic/format";
import { sagaAddress } from "../logic/route";
import { StateBadges } from "../ui/state_badge";

const columns = ["State", "Saga", "Amount", "From → to", "Age", "In state", "Attempts", "Owner", "Why it is there"];

export function SagaTable({ sagas, isLoading, hasProblem }: { sagas: Saga[] | null; isLoading: boolean; hasProblem: boolean }) {
  if (sagas === null) return hasProblem ? null : <p className="empty">Reading the list…</p>;
  if (sagas.length === 0) return <p className="empty">There is no such saga.</p>;
  return (
    <div className="scroll" role="region" aria-label="Sagas" tabIndex={0}>
      <table className="sagas" aria-busy={isLoading}>
        <thead>
          <tr>{columns.map((name) => <th key={name} scope="col">{name}</th>)}</tr>
        </thead>
        <tbody>{sagas.map((saga) => <SagaRow key={saga.id} saga={saga} />)}</tbody>
      </table>
    </div>
  );
}

function Place({ wallet, shard }: { wallet: string; shard: number | undefined }) {
  return (
    <span className="place" title={`wallet ${wallet}`}>
      <span className="mono">{shortId(wallet)}</span>
      {shard !== undefined && <span className="quiet"> · shard {shard}</span>}
    </span>
  );
}

function OwnerCell({ saga }: { saga: Saga }) {
  if (!saga.owner) return <span className="quiet">{absent}</span>;
  return (
    <>
      <span className="mono">{saga.owner.node}</span>
      {!saga.owner.reachable && <span className="warn-text"> unreachable</span>}
    </>
  );
}

function SagaRow({ saga }: { saga: Saga }) {
  return (
    <tr className={saga.stuck ? "is-stuck" : undefined}>
      <td><StateBadges saga={saga} /></td>
      <td>
        <a className="mono" href={sagaAddress(saga.id)} title={saga.id}>{shortId(saga.id)}</a>
        <Marks saga={saga} />
      </td>
      <td className="number">{amount(saga.amount)} <span className="quiet">{saga.currency}</span></td>
      <td>
        <Place wallet={saga.source_wallet_id} shard={saga.source_shard} />
        <Place wallet={saga.destination_wallet_id} shard={saga.destination_shard} />
      </td>
      <td className="number">{duration(saga.age_ms)}</td>
      <td className="number">{duration(saga.age_in_state_ms)}</td>
      <td className="number">{count(saga.attempts)}</td>
      <td><OwnerCell saga={saga} /></td>
      <td className="why">
        {saga.reason || (!saga.last_error && <span className="quiet">{absent}</span>)}
        {saga.last_error && <code>{saga.last_error}</code>}
      </td>
    </tr>
  );
}

/** What people have put on it. */
function Marks({ saga }: { saga: Saga }) {
  if (!saga.label && !saga.assignee && !saga.note_count) return null;
  return (
    <span className="marks">
      {saga.label && <span className="mark">{saga.label}</span>}
      {saga.assignee && <span className="quiet">@{saga.assignee}</span>}
      {!!saga.note_count && <span className="quiet">{saga.note_count} {saga.note_count === 1 ? "note" : "notes"}</span>}
    </span>
  );
}
