import { expect, test } from "vitest";
import { filterNames, pickFilter, readListQuery, without, writeListQuery, type Filter } from "./filters";

const read = (text: string) => readListQuery(new URLSearchParams(text));

test("every filter survives the way into an address and back", () => {
  const filter = Object.fromEntries(filterNames.map((name, i) => [name, `value ${i} & =?#/ü`])) as Filter;
  const written = writeListQuery({ filter, sort: "-attempts" });
  expect(read(written.toString())).toEqual({ filter, sort: "-attempts" });
});

test("the plain list has the shortest address", () => {
  expect(writeListQuery({ filter: {}, sort: "-created" }).toString()).toBe("");
  expect(read("")).toEqual({ filter: {}, sort: "-created" });
});

test("what is no filter, no order or empty is left out", () => {
  expect(read("state=open&colour=red&sort=sideways&error=++")).toEqual({ filter: { state: "open" }, sort: "-created" });
});

test("numbers of a saved view become texts", () => {
  const view: Record<string, number> = { destination_shard: 17, min_age_s: 0 };
  expect(pickFilter((name) => view[name])).toEqual({ destination_shard: "17", min_age_s: "0" });
});

test("a filter can be taken out alone", () => {
  const filter: Filter = { state: "open", error: "busy" };
  expect(without(filter, "error")).toEqual({ state: "open" });
  expect(filter.error).toBe("busy");
});
