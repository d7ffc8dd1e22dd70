// What marketplaces were told of orders that are paid here, and what they have not heard yet.
import { useState } from "react";
import { readNotices } from "../api/marketplaces";
import type { NoticeState } from "../api/types";
import { plural } from "../logic/format";
import { Banner, ProblemBanner } from "../ui/banner";
import { Field } from "../ui/field";
import { useLoaded } from "../ui/load";
import { Notices } from "./notices";

const refreshEveryMs = 2_000;
const choices: { state: NoticeState | "all"; name: string }[] = [
  { state: "due", name: "To be told" },
  { state: "paying", name: "Being paid" },
  { state: "delivered", name: "Told" },
  { state: "all", name: "All" },
];

export function MarketplacesPage() {
  const [state, setState] = useState<NoticeState | "all">("due");
  const [said, setSaid] = useState<string | null>(null);
  const notices = useLoaded(`notices ${state}`, (signal) => readNotices(state, signal), refreshEveryMs);
  const now = notices.value;
  const done = (sentence: string) => {
    setSaid(sentence);
    notices.reload();
  };
  return (
    <>
      <div className="page-head">
        <h1>Marketplaces</h1>
        {now && <span className="quiet">{plural(now.data.length, "notice")}{now.next_cursor === null ? "" : " and more"}</span>}
        <span className="spacer" />
        <Field label="Show">
          <select value={state} onChange={(event) => setState(event.target.value as NoticeState | "all")}>
            {choices.map((choice) => <option key={choice.state} value={choice.state}>{choice.name}</option>)}
          </select>
        </Field>
      </div>
      <ProblemBanner problem={notices.problem} before={now ? "The list could not be refreshed." : "The notices cannot be shown."} />
      {said && <Banner tone="good">{said}</Banner>}
      {!now && !notices.problem && <p className="empty">Reading the notices…</p>}
      {now && now.data.length === 0 && <p className="empty">There is none.</p>}
      {now && now.data.length > 0 && <Notices notices={now.data} onDone={done} />}
    </>
  );
}
