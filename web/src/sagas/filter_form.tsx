// Every filter but the state, which has its tabs. Applied by Enter or the button, so that the server is asked once.
import type { FormEvent } from "react";
import { type Filter, filterLabels, type FilterName, filterNames, pickFilter, without } from "../logic/filters";
import { shortId } from "../logic/format";
import { Field } from "../ui/field";

const wholeNumbers: FilterName[] = ["source_shard", "destination_shard", "min_age_s", "max_age_s", "min_attempts"];
const amounts: FilterName[] = ["min_amount", "max_amount"];
const asked = filterNames.filter((name) => name !== "state");
const examples: Partial<Record<FilterName, string>> = {
  wallet_id: "its whole id, either side", currency: "IDR", owner: "a", error: "busy", min_amount: "0.00", max_amount: "0.00",
};

function Input({ name, value }: { name: FilterName; value: string | undefined }) {
  const pattern = wholeNumbers.includes(name) ? "[0-9]+" : amounts.includes(name) ? "[0-9]+([.][0-9]+)?" : undefined;
  return (
    <input name={name} defaultValue={value} placeholder={examples[name]} pattern={pattern} autoComplete="off"
      spellCheck={false} inputMode={pattern ? "decimal" : undefined}
      title={pattern ? "A number, such as 30." : undefined} />
  );
}

export function FilterForm({ filter, onFilter }: { filter: Filter; onFilter(filter: Filter): void }) {
  const apply = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    onFilter(pickFilter((name) => (name === "state" ? filter.state : (fields.get(name) as string | null))));
  };
  // The key makes the fields follow the address when it changes elsewhere.
  return (
    <form key={JSON.stringify(filter)} onSubmit={apply} className="fields filters" aria-label="Filters">
      {asked.map((name) => (
        <Field key={name} label={filterLabels[name]} wide={name === "wallet_id"}>
          <Input name={name} value={filter[name]} />
        </Field>
      ))}
      <div className="form-buttons">
        <button type="submit" className="primary">Apply</button>
        <button type="button" onClick={() => onFilter(filter.state ? { state: filter.state } : {})}>Clear</button>
      </div>
    </form>
  );
}

/** What is filtered by, each to be taken away. */
export function FilterChips({ filter, onFilter }: { filter: Filter; onFilter(filter: Filter): void }) {
  const set = asked.filter((name) => filter[name]);
  if (set.length === 0) return null;
  return (
    <ul className="chips" aria-label="Filters that are set">
      {set.map((name) => (
        <li key={name} className="chip">
          <span><span className="quiet">{filterLabels[name]}</span> {shortId(filter[name] ?? "")}</span>
          <button type="button" className="icon" aria-label={`Remove the filter ${filterLabels[name]}`}
            onClick={() => onFilter(without(filter, name))}>×</button>
        </li>
      ))}
    </ul>
  );
}
