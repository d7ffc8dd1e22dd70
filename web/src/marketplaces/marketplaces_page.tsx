// What marketplaces were told of orders that are paid here, and what they have not heard yet.
import { useState } from "react";
import { readNotices, type NoticeChoice } from "../api/marketplaces";
import { plural } from "../logic/format";
import { Banner, ProblemBanner } from "../ui/banner";
import { Field } from "../ui/field";
import { useLoaded } from "../ui/load";
import { Notices } from "./notices";

const refreshEveryMs = 2_000;
const choices: { choice: NoticeChoice; name: string }[] = [
  { choice: "not told", name: "Not told yet" },
  { choice: "refused", name: "Refused" },
  { choice: "paying", name: "Being paid" },
  { choice: "delivered", name: "Told" },
  { choice: "all", name: "All" },
];

export function MarketplacesPage() {
  const [choice, setChoice] = useState<NoticeChoice>("not told");
  const [said, setSaid] = useState<string | null>(null);
  const notices = useLoaded(`notices ${choice}`, (signal) => readNotices(choice, signal), refreshEveryMs);
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
          <select value={choice} onChange={(event) => setChoice(event.target.value as NoticeChoice)}>
            {choices.map((one) => <option key={one.choice} value={one.choice}>{one.name}</option>)}
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
