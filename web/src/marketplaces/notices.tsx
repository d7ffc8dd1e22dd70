import { retryNotice } from "../api/marketplaces";
import type { MarketplaceNotice, NoticeState } from "../api/types";
import { sagaAddress } from "../logic/route";
import { ProblemBanner } from "../ui/banner";
import { useAct } from "../ui/load";
import { Moment } from "../ui/moment";
import { useMay } from "../ui/session";
import { Badge } from "../ui/state_badge";

const words: Record<NoticeState, { text: string; tone: string }> = {
  paying: { text: "being paid", tone: "reserved" },
  due: { text: "to be told", tone: "cancelling" },
  refused: { text: "refused, told again", tone: "stuck" },
  delivered: { text: "told", tone: "settled" },
};

interface Props {
  notices: MarketplaceNotice[];
  onDone(sentence: string): void;
}

export function Notices({ notices, onDone }: Props) {
  return (
    <section className="panel" aria-label="Notices">
      <div className="scroll" role="region" aria-label="Table of notices" tabIndex={0}>
        <table className="nodes">
          <thead>
            <tr>
              <th scope="col">Order</th><th scope="col">State</th><th scope="col">Amount</th><th scope="col">Payment</th>
              <th scope="col">Paid</th><th scope="col">Told</th><th scope="col">Attempts</th><th scope="col">Next</th>
              <th scope="col">Last answer</th><th scope="col"><span className="visually-hidden">Actions</span></th>
            </tr>
          </thead>
          <tbody>
            {notices.map((notice) => <NoticeRow key={notice.id} notice={notice} onDone={onDone} />)}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function NoticeRow({ notice, onDone }: { notice: MarketplaceNotice; onDone: Props["onDone"] }) {
  const mayRetry = useMay("marketplaces:operate");
  const word = words[notice.state];
  return (
    <tr>
      <th scope="row"><span className="mono">{notice.va_number}</span><br /><span className="quiet small">{notice.marketplace}</span></th>
      <td><Badge tone={word.tone}>{word.text}</Badge></td>
      <td className="number">{notice.amount} {notice.currency}</td>
      <td className="mono small">
        {notice.transaction_id ? <a href={sagaAddress(notice.transaction_id)}>{notice.transaction_id}</a> : "–"}
      </td>
      <td><Moment iso={notice.paid_at ?? undefined} /></td>
      <td><Moment iso={notice.delivered_at ?? undefined} /></td>
      <td className="number">{notice.attempts}</td>
      <td><Moment iso={notice.next_attempt_at ?? undefined} /></td>
      <td className={notice.last_error ? "bad-text" : undefined}>{notice.last_error ?? "–"}</td>
      <td>{mayRetry && (notice.state === "due" || notice.state === "refused") && <Retry notice={notice} onDone={onDone} />}</td>
    </tr>
  );
}

function Retry({ notice, onDone }: { notice: MarketplaceNotice; onDone: Props["onDone"] }) {
  const work = useAct();
  const retry = async () => {
    if (await work.run(() => retryNotice(notice.id))) onDone(`${notice.marketplace} is told of ${notice.va_number} again now.`);
  };
  return (
    <>
      <button type="button" disabled={work.isBusy} aria-label={`Tell again of ${notice.va_number}`} onClick={() => void retry()}>
        Tell again
      </button>
      <ProblemBanner problem={work.problem} />
    </>
  );
}
