import { expect, test } from "vitest";
import { listAddress, readRoute, sagaAddress } from "./route";

const plain = { filter: {}, sort: "-created" } as const;

test.each(["", "#", "#/", "#/sagas", "#/sagas/"])("%j is the plain list", (hash) =>
  expect(readRoute(hash)).toEqual({ page: "sagas", query: plain, job: null }));

test("a filtered list with a bulk job finds its way back", () => {
  const query = { filter: { state: "stuck", error: "busy" }, sort: "age" } as const;
  expect(readRoute(listAddress(query, "job-1"))).toEqual({ page: "sagas", query, job: "job-1" });
});

test("a saga and the cluster have addresses", () => {
  expect(readRoute(sagaAddress("019a"))).toEqual({ page: "saga", id: "019a" });
  expect(readRoute("#/cluster")).toEqual({ page: "cluster" });
  expect(readRoute("#/marketplaces")).toEqual({ page: "marketplaces" });
});

test.each(["#/wallets", "#/cluster/3", "#/sagas/1/2"])("%s is nothing", (hash) =>
  expect(readRoute(hash)).toEqual({ page: "unknown" }));
