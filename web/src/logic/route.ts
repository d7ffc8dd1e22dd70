// Which view is shown, from the part of the address behind '#': the server serves one page for all of them.
import { type ListQuery, readListQuery, writeListQuery } from "./filters";

export type Route =
  | { page: "sagas"; query: ListQuery; job: string | null }
  | { page: "saga"; id: string }
  | { page: "cluster" }
  | { page: "marketplaces" }
  | { page: "unknown" };

export function readRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [first, second, ...more] = path.split("/").filter((part) => part !== "");
  if (more.length > 0) return { page: "unknown" };
  if (first === "cluster" && second === undefined) return { page: "cluster" };
  if (first === "marketplaces" && second === undefined) return { page: "marketplaces" };
  if (first === "sagas" && second !== undefined) return { page: "saga", id: second };
  if (first !== undefined && first !== "sagas") return { page: "unknown" };
  const parameters = new URLSearchParams(query);
  return { page: "sagas", query: readListQuery(parameters), job: parameters.get("job") };
}

/** The list, and the bulk job whose progress is shown above it. */
export function listAddress(query: ListQuery, job: string | null = null): string {
  const parameters = writeListQuery(query);
  if (job !== null) parameters.set("job", job);
  const text = parameters.toString();
  return text === "" ? "#/sagas" : `#/sagas?${text}`;
}

/** Ids are UUIDs: nothing in them needs encoding. */
export const sagaAddress = (id: string) => `#/sagas/${id}`;
export const clusterAddress = "#/cluster";
export const marketplacesAddress = "#/marketplaces";
