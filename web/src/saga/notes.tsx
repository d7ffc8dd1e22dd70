import { type FormEvent, useState } from "react";
import { addNote } from "../api/sagas";
import type { Note, Saga } from "../api/types";
import { ProblemBanner } from "../ui/banner";
import { Field } from "../ui/field";
import { type Loaded, useAct } from "../ui/load";
import { Moment } from "../ui/moment";
import { useMay } from "../ui/session";

interface Props {
  id: string;
  notes: Loaded<Note[]>;
  saga: Pick<Saga, "label" | "assignee">;
  onSaved(): void;
}

/** What people know about the saga. The label and the assignee are set together with a note that says why. */
export function Notes({ id, notes, saga, onSaved }: Props) {
  const mayWrite = useMay("sagas:operate");
  const [text, setText] = useState("");
  // Null until somebody changes it: then what the saga has may go on changing.
  const [label, setLabel] = useState<string | null>(null);
  const [assignee, setAssignee] = useState<string | null>(null);
  const work = useAct();
  const save = async (event: FormEvent) => {
    event.preventDefault();
    const note = { text: text.trim(), label: label?.trim(), assignee: assignee?.trim() };
    if (!(await work.run(() => addNote(id, note)))) return;
    setText("");
    setLabel(null);
    setAssignee(null);
    onSaved();
  };
  return (
    <section className="panel" aria-label="Notes">
      <div className="panel-head"><h2>Notes</h2></div>
      <ProblemBanner problem={notes.problem} before="The notes could not be read." />
      <ul className="notes">
        {(notes.value ?? []).map((note) => (
          <li key={`${note.at} ${note.text}`}>
            <p className="quiet small"><strong>{note.who || "somebody"}</strong> <Moment iso={note.at} /></p>
            <p>{note.text}</p>
          </li>
        ))}
      </ul>
      {mayWrite && (
        <form className="fields two" onSubmit={(event) => void save(event)} aria-label="New note">
          <Field label="Note" wide>
            <textarea rows={2} value={text} onChange={(event) => setText(event.target.value)} required maxLength={2000} />
          </Field>
          <Field label="Label">
            <input value={label ?? saga.label ?? ""} onChange={(event) => setLabel(event.target.value)} maxLength={64} autoComplete="off" />
          </Field>
          <Field label="Assignee">
            <input value={assignee ?? saga.assignee ?? ""} onChange={(event) => setAssignee(event.target.value)} maxLength={64} autoComplete="off" />
          </Field>
          <div className="form-buttons wide"><button type="submit" disabled={work.isBusy}>Save note</button></div>
          <div className="wide"><ProblemBanner problem={work.problem} /></div>
        </form>
      )}
    </section>
  );
}
