#include "config/setting_rows.hpp"

namespace dompet::rows {

namespace {

void add_lane(Rows& rows) {
  rows.push_back(number({"engine", "scheduler_threads",
                         "Threads that run wallets and shards. Deciding is cheap: one keeps up with one commit lane, "
                         "and on two cores the other is PostgreSQL's."},
                        "threads", 1, 64, [](auto& s) -> auto& { return s.engine.scheduler_threads; }));
  rows.push_back(number({"engine", "batch_rows",
                         "The most records in one commit. Beyond some hundreds a bigger batch saves nothing and only "
                         "makes those behind it wait."},
                        "records", 1, 10'000, [](auto& s) -> auto& { return s.engine.batch_rows; }));
  rows.push_back(number({"engine", "batch_bytes",
                         "The most bytes in one commit: what a socket takes in one flush, so that PostgreSQL never "
                         "waits for the rest of a batch from a paused client."},
                        "bytes", 4'096, 16'777'216, [](auto& s) -> auto& { return s.engine.batch_bytes; }));
  rows.push_back(number({"engine", "lane_queue_rows",
                         "Records that may wait for the lane; beyond it new requests get 503 at once. At 20,000 "
                         "records a second the default is 0.4 s of work."},
                        "records", 1, 1'000'000, [](auto& s) -> auto& { return s.engine.lane_queue_rows; }));
  rows.push_back(number({"engine", "lane_age_limit_ms",
                         "When the oldest waiting record is older, new requests get 503 until the lane has caught up. "
                         "It bounds latency under overload, whatever the disk does."},
                        "milliseconds", 1, 60'000, [](auto& s) -> auto& { return s.engine.lane_age_limit; }));
}

void add_wallets(Rows& rows) {
  rows.push_back(number(
      {"engine", "stash_limit", "Requests that may wait for one wallet while it is loaded; beyond it they get 503."},
      "requests", 1, 100'000, [](auto& s) -> auto& { return s.engine.stash_limit; }));
  rows.push_back(number({"engine", "query_connections",
                         "Connections for loads, lists and statements, a thread each. The lane has its own besides."},
                        "connections", 1, 100, [](auto& s) -> auto& { return s.engine.query_connections; }));
  rows.push_back(
      number({"engine", "query_queue", "Questions that may wait for such a connection; beyond it they get 503."},
             "questions", 1, 100'000, [](auto& s) -> auto& { return s.engine.query_queue; }));
  rows.push_back(number({"engine", "snapshot_every",
                         "A wallet's state is stored after so many of its records: what has to be replayed at most "
                         "when it is loaded, against one small write each time."},
                        "records", 10, 1'000'000, [](auto& s) -> auto& { return s.engine.snapshot_every; }));
  rows.push_back(number({"engine", "idle_before_passivation_s",
                         "A wallet that nobody asked for so long leaves memory; the next request loads it again."},
                        "seconds", 1, 86'400, [](auto& s) -> auto& { return s.engine.idle_before_passivation; }));
  rows.push_back(number({"engine", "resident_wallets",
                         "Wallets in memory at most; beyond it the longest idle leave first. Each takes up to 2.5 kB, "
                         "so the default may come to 2.5 GB."},
                        "wallets", 100, 100'000'000, [](auto& s) -> auto& { return s.engine.resident_wallets; }));
}

void add_failures(Rows& rows) {
  rows.push_back(number({"engine", "crashes_before_quarantine",
                         "After more crashes of one wallet within the crash window it is quarantined: every request "
                         "to it is refused until people have looked. Others are not affected."},
                        "crashes", 0, 1'000, [](auto& s) -> auto& { return s.engine.crashes_before_quarantine; }));
  rows.push_back(number({"engine", "crash_window_s", "The time in which crashes and quarantines are counted together."},
                        "seconds", 1, 86'400, [](auto& s) -> auto& { return s.engine.crash_window; }));
  rows.push_back(number({"engine", "quarantines_before_release",
                         "After more quarantines in one shard within the crash window the shard is given up: so many "
                         "broken wallets at once mean a broken program or a broken database, not broken wallets."},
                        "quarantines", 0, 100'000,
                        [](auto& s) -> auto& { return s.engine.quarantines_before_release; }));
}

void add_transfers(Rows& rows) {
  rows.push_back(boolean({"engine", "fast_path",
                          "A transfer within one lane is one record. Off, every transfer takes the three durable steps "
                          "that transfers between nodes take: slower, and good for trying them."},
                         [](auto& s) -> auto& { return s.engine.fast_path; }));
  rows.push_back(number({"engine", "transfer_expiry_s",
                         "A transfer that its destination has not decided after so long is cancelled, with the "
                         "destination's word that it will never accept it."},
                        "seconds", 1, 86'400, [](auto& s) -> auto& { return s.engine.transfer_expiry; }));
  rows.push_back(number({"engine", "authorization_lifetime_s",
                         "A payment that was authorized and not captured gives the payer his money back after so long. "
                         "Card schemes give merchants a week."},
                        "seconds", 1, 31'536'000, [](auto& s) -> auto& { return s.engine.authorization_lifetime; }));
  rows.push_back(
      number({"engine", "resend_first_ms",
              "The first pause before an unanswered step of a transfer is sent again; it doubles each time."},
             "milliseconds", 1, 60'000, [](auto& s) -> auto& { return s.engine.resend_first; }));
  rows.push_back(number({"engine", "resend_most_ms",
                         "The longest pause between two attempts: how long a transfer may idle after its destination "
                         "is back."},
                        "milliseconds", 1, 600'000, [](auto& s) -> auto& { return s.engine.resend_most; }));
  rows.push_back(number({"engine", "attempt_timeout_ms",
                         "A question to a transfer's destination that is not answered after so long is taken for lost, "
                         "and asked again after its pause. Longer than a commit there takes."},
                        "milliseconds", 10, 60'000, [](auto& s) -> auto& { return s.engine.attempt_timeout; }));
}

}  // namespace

void add_engine(Rows& rows) {
  add_lane(rows);
  add_wallets(rows);
  add_failures(rows);
  add_transfers(rows);
}

}  // namespace dompet::rows
