// Filters that somebody named, kept by the server for everybody.
import { type FormEvent, useRef, useState } from "react";
import { deleteView, listViews, saveView } from "../api/sagas";
import type { View } from "../api/types";
import { type Filter, pickFilter } from "../logic/filters";
import { ProblemBanner } from "../ui/banner";
import { Field } from "../ui/field";
import { useAct, useLoaded } from "../ui/load";
import { Menu } from "../ui/menu";
import { useMay } from "../ui/session";

export function ViewsMenu({ filter, onChoose }: { filter: Filter; onChoose(filter: Filter): void }) {
  const views = useLoaded("views", listViews);
  const change = useAct();
  const mayChange = useMay("sagas:operate");
  const [name, setName] = useState("");
  const close = useRef<() => void>(() => {});

  const choose = (view: View) => {
    close.current();
    onChoose(pickFilter((member) => view.filter[member]));
  };
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (await change.run(() => saveView(name.trim(), filter))) {
      setName("");
      views.reload();
    }
  };
  const remove = async (view: View) => {
    if (await change.run(() => deleteView(view.name))) views.reload();
  };
  return (
    <Menu name="Saved views" close={close}>
      <ProblemBanner problem={views.problem ?? change.problem} />
      {views.value?.length === 0 && <p className="quiet">No view has been saved yet.</p>}
      <ul className="views">
        {(views.value ?? []).map((view) => (
          <li key={view.name}>
            <button type="button" className="view" onClick={() => choose(view)}>{view.name}</button>
            {mayChange && (
              <button type="button" className="icon" aria-label={`Delete the view ${view.name}`} disabled={change.isBusy}
                onClick={() => void remove(view)}>×</button>
            )}
          </li>
        ))}
      </ul>
      {mayChange && (
        <form onSubmit={(event) => void save(event)} className="save-view">
          <Field label="Save the current filters as">
            <input value={name} onChange={(event) => setName(event.target.value)} required maxLength={64} autoComplete="off" />
          </Field>
          <button type="submit" disabled={change.isBusy}>Save</button>
        </form>
      )}
    </Menu>
  );
}
