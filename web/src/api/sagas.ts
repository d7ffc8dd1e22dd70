// The routes below /v1/sagas.
import type { Filter } from "../logic/filters";
import type { ActionAnswer, BulkJob, Counts, DryRun, Note, Proof, SagaAction, SagaDetail, SagaPage, Step, View } from "./types";
import { request } from "./request";

const root = "/v1/sagas";
const of = (id: string) => `${root}/${encodeURIComponent(id)}`;

export const eventsPath = `${root}/events`;

export const listSagas = (query: URLSearchParams, signal?: AbortSignal) =>
  request<SagaPage>("GET", `${root}?${query}`, undefined, signal);

export const readCounts = (signal?: AbortSignal) => request<Counts>("GET", `${root}/counts`, undefined, signal);

export const exportPath = (format: "csv" | "ndjson", query: URLSearchParams) => {
  const asked = new URLSearchParams(query);
  asked.set("format", format);
  return `${root}/export?${asked}`;
};

export const readSaga = (id: string, signal?: AbortSignal) => request<SagaDetail>("GET", of(id), undefined, signal);

export const readTimeline = (id: string, signal?: AbortSignal) =>
  request<{ data: Step[] }>("GET", `${of(id)}/timeline`, undefined, signal).then((answer) => answer.data);

export const readProof = (id: string, signal?: AbortSignal) =>
  request<Proof>("GET", `${of(id)}/proof`, undefined, signal);

export const bundlePath = (id: string) => `${of(id)}/export`;

export const readNotes = (id: string, signal?: AbortSignal) =>
  request<{ data: Note[] }>("GET", `${of(id)}/notes`, undefined, signal).then((answer) => answer.data);

export interface NewNote {
  text: string;
  label?: string;
  assignee?: string;
}

export const addNote = (id: string, note: NewNote) => request<unknown>("POST", `${of(id)}/notes`, note);

/** A wish to the saga's owner, recorded with its reason. */
export const act = (id: string, action: SagaAction, reason: string) =>
  request<ActionAnswer>("POST", `${of(id)}/${action}`, { reason });

export interface BulkWish {
  filter: Filter;
  action: SagaAction;
  reason: string;
  rate_per_s?: number;
}

export const tryBulk = (wish: BulkWish) => request<DryRun>("POST", `${root}/bulk`, { ...wish, dry_run: true });

export const startBulk = (wish: BulkWish) => request<BulkJob>("POST", `${root}/bulk`, { ...wish, dry_run: false });

export const readBulk = (job: string, signal?: AbortSignal) =>
  request<BulkJob>("GET", `${root}/bulk/${encodeURIComponent(job)}`, undefined, signal);

export const steerBulk = (job: string, wish: "pause" | "resume" | "abort") =>
  request<BulkJob>("POST", `${root}/bulk/${encodeURIComponent(job)}/${wish}`);

export const listViews = (signal?: AbortSignal) =>
  request<{ data: View[] }>("GET", `${root}/views`, undefined, signal).then((answer) => answer.data);

export const saveView = (name: string, filter: Filter) =>
  request<unknown>("PUT", `${root}/views/${encodeURIComponent(name)}`, { filter });

export const deleteView = (name: string) => request<unknown>("DELETE", `${root}/views/${encodeURIComponent(name)}`);
