// What the list of sagas is asked for, and how it stands in the address of this page, so that a filtered list can be
// bookmarked, shared and gone back to. All values are texts, as in the query of GET /v1/sagas.

export const filterNames = [
  "state", "wallet_id", "currency", "min_amount", "max_amount", "source_shard", "destination_shard", "owner", "error",
  "label", "assignee", "min_age_s", "max_age_s", "min_attempts",
] as const;

export type FilterName = (typeof filterNames)[number];
export type Filter = Partial<Record<FilterName, string>>;

export const states = ["open", "stuck", "reserved", "cancelling", "under_review", "settled", "released", "declined"] as const;

export const sorts = ["-created", "created", "age", "-attempts", "-amount"] as const;
export type Sort = (typeof sorts)[number];
export const sortNames: Record<Sort, string> = {
  "-created": "Newest first",
  created: "Oldest first",
  age: "Longest in their state first",
  "-attempts": "Most attempts first",
  "-amount": "Largest amount first",
};

export interface ListQuery {
  filter: Filter;
  sort: Sort;
}

export const filterLabels: Record<FilterName, string> = {
  state: "State",
  wallet_id: "Wallet",
  currency: "Currency",
  min_amount: "Amount from",
  max_amount: "Amount to",
  source_shard: "Source shard",
  destination_shard: "Destination shard",
  owner: "Owner node",
  error: "Last error",
  label: "Label",
  assignee: "Assignee",
  min_age_s: "Age from (s)",
  max_age_s: "Age to (s)",
  min_attempts: "Attempts from",
};

/** Of any members, those that are filters and not empty, in the order of the names. */
export function pickFilter(members: (name: FilterName) => string | number | null | undefined): Filter {
  const filter: Filter = {};
  for (const name of filterNames) {
    const value = String(members(name) ?? "").trim();
    if (value !== "") filter[name] = value;
  }
  return filter;
}

export function readListQuery(parameters: URLSearchParams): ListQuery {
  const sort = parameters.get("sort");
  return {
    filter: pickFilter((name) => parameters.get(name)),
    sort: sorts.find((known) => known === sort) ?? "-created",
  };
}

/** The default order is left out, so that the shortest address is the plain list. */
export function writeListQuery({ filter, sort }: ListQuery): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const name of filterNames) if (filter[name]) parameters.set(name, filter[name]);
  if (sort !== "-created") parameters.set("sort", sort);
  return parameters;
}

export function without(filter: Filter, name: FilterName): Filter {
  const rest = { ...filter };
  delete rest[name];
  return rest;
}
