// What the REST API answers, as http/openapi/ describes it. Amounts are texts: they may be larger than a number here
// is exact. Members that an older server leaves out are optional.

/** Who is signed in. A permission is `thing:verb`, `thing:verb:any`, or `*` for all. */
export interface Me {
  id: string;
  username?: string;
  email: string;
  permissions: string[];
}

export type SagaState = "reserved" | "cancelling" | "under_review" | "settled" | "released" | "declined";

export interface Owner {
  node: string;
  incarnation: string;
  epoch: number;
  reachable: boolean;
}

export interface Saga {
  id: string;
  state: SagaState;
  amount: string;
  currency: string;
  source_wallet_id: string;
  destination_wallet_id: string;
  source_shard?: number;
  destination_shard?: number;
  compact?: boolean;
  created_at: string;
  updated_at: string;
  age_ms?: number;
  age_in_state_ms?: number;
  attempts?: number;
  last_error?: string;
  paused?: boolean;
  label?: string;
  assignee?: string;
  note_count?: number;
  owner?: Owner | null;
  reason?: string | null;
  stuck?: boolean;
}

export interface SagaPage {
  data: Saga[];
  next_cursor: string | null;
}

export interface AgeBucket {
  /** Null for those older than the bucket before. */
  up_to_s: number | null;
  count: number;
}

export interface Cause {
  error: string;
  destination_shard: number;
  node: string | null;
  count: number;
  oldest_age_ms: number;
}

export interface Counts {
  as_of: string;
  states: Partial<Record<SagaState, number>>;
  open_by_age: AgeBucket[];
  causes: Cause[];
  oldest_age_ms: number;
}

export interface Live {
  /** No owner answers for a saga that is over; of an open one it means that the owner is down. */
  available: boolean;
  says: string;
  loaded: boolean;
  next_attempt_in_ms: number | null;
  waiting_for: string | null;
  attempts: Step[];
}

export interface Decision {
  outcome: "credited" | "refused";
  reason: string | null;
  shard: number;
  decided_at: string;
}

export interface SagaDetail extends Saga {
  decision?: Decision | null;
  live?: Live;
  evidence?: string[];
}

export interface Balances {
  available: string;
  held: string;
}

export type StepKind = "event" | "saga" | "decision" | "attempt" | "action" | "gap";

export interface Step {
  at: string;
  what: StepKind;
  title: string;
  wallet_id?: string;
  side?: "source" | "destination";
  event?: string;
  wallet_seq?: number;
  balances_before?: Balances;
  balances_after?: Balances;
  node?: string;
  epoch?: number;
  batch?: number;
  shard?: number;
  attempt?: number;
  link?: string;
  duration_ms?: number;
  answer?: string;
  gap_ms?: number;
  who?: string;
  why?: string;
}

export interface Evidence {
  fact: string;
  holds: boolean;
  detail: string;
}

export interface Proof {
  id: string;
  may_be_released: boolean;
  sentence: string;
  evidence: Evidence[];
  conservation: { ok: boolean; source_out: string; destination_in: string; held: string; sentence: string };
}

export interface Note {
  at: string;
  who: string;
  text: string;
}

export type SagaAction = "retry" | "cancel" | "pause" | "resume";

export interface ActionAnswer {
  id: string;
  action: SagaAction;
  accepted: boolean;
  state: SagaState;
  sentence: string;
}

export interface DryRun {
  dry_run: true;
  count: number;
  amounts: { currency: string; total: string }[];
  sample: string[];
}

export interface BulkJob {
  id: string;
  state: "running" | "paused" | "done" | "aborted";
  total: number;
  done: number;
  refused: number;
  report: { id: string; outcome: string }[];
}

export interface View {
  name: string;
  filter: Record<string, string | number>;
}

export interface ClusterNode {
  node: string;
  incarnation: string;
  state: "up" | "draining" | "expired" | "left";
  http_address: string;
  internal_address: string;
  build: string;
  protocol: [number, number];
  link: "self" | "up" | "down";
  silent_for_ms: number;
  shards: number;
}

export interface Shard {
  shard: number;
  node: string | null;
  incarnation: string | null;
  epoch: number;
  target: string | null;
  database: number;
  status: "owned" | "moving" | "ownerless";
}

export interface Database {
  id: number;
  reachable: boolean;
  lane: { suspended: boolean; waiting_rows: number; oldest_age_ms: number; shards: number };
}

export interface Cluster {
  as_of: string;
  shard_count: number;
  me: { node: string; incarnation: string };
  nodes: ClusterNode[];
  shards: Shard[];
  databases: Database[];
}

export type NoticeState = "paying" | "due" | "refused" | "delivered";

/** An order of a marketplace that is paid here, and how far the marketplace knows. */
export interface MarketplaceNotice {
  id: string;
  marketplace: string;
  va_number: string;
  merchant_id: string;
  amount: string;
  currency: string;
  state: NoticeState;
  transaction_id: string | null;
  attempts: number;
  last_error: string | null;
  created_at: string;
  paid_at: string | null;
  delivered_at: string | null;
  next_attempt_at: string | null;
}
