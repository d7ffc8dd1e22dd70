#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "persistence/batch.hpp"

namespace dompet {

/// The database cannot be reached or does not answer in time. Nothing is known about what was asked.
struct Unavailable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A shard that this incarnation owns now, and the last record of its stream.
struct Claim {
  Shard shard = 0;
  std::uint64_t epoch = 0;
  std::uint64_t last_seq = 0;
};

/// What is known after a commit was tried (protocol 5.3.4).
enum class Outcome {
  durable,
  /// The database refused it: nothing of it was written, now or later.
  rejected,
  /// Our shards were taken: nothing of it was written.
  fenced,
  /// The connection broke or the server warned: it may be durable or not. Claim again, then look it up.
  unknown,
};

struct CommitResult {
  Outcome outcome = Outcome::unknown;
  /// Five characters of SQLSTATE when rejected or fenced.
  std::string sqlstate{};
  std::string reason{};
};

/// The lane's own session with the database. One thread, one call at a time; each call blocks, for at most the
/// time-outs of its settings. Only `claim` connects: whoever lost a connection must claim before anything else.
class LaneStore {
 public:
  virtual ~LaneStore() = default;

  /// Fences this incarnation's earlier commits and takes every shard that it still owns in this database under a new
  /// epoch, reconnecting first when need be. On return no earlier commit of ours can become durable any more. Shards
  /// that others took meanwhile are left out; none may be left. Throws Unavailable.
  virtual std::vector<Claim> claim() = 0;

  /// The claims on those of these shards that this incarnation owns by now: acquired beside the lane, or handed over by
  /// their former owner. Changes nothing. Throws Unavailable.
  virtual std::vector<Claim> adopt(const std::vector<Shard>& shards) = 0;

  /// Gives a shard away, under a new epoch (protocol 5.10, step 3). Nothing of the shard may be uncommitted. False, and
  /// nothing has changed, when it is not ours any more or the other is not up. Throws Unavailable; then it is unknown
  /// whether it is ours, and only a claim finds out.
  virtual bool hand_over(const Claim& shard, const Incarnation& to) = 0;

  /// `fenced` also when the batch has a record of a shard that is not claimed, or under another epoch, or a leg of a
  /// wallet in such a shard.
  virtual CommitResult commit(const Batch& batch) = 0;

  /// The batch that wrote this place of a shard's stream, if any did. Throws Unavailable.
  virtual std::optional<std::uint64_t> batch_at(Shard shard, std::uint64_t shard_seq) = 0;
};

struct LaneStoreSettings {
  /// libpq connection string or URL.
  std::string database{};
  std::string node_name{};
  Incarnation incarnation{};
  int connect_timeout_s = 2;
  /// How long one answer may take before the connection is given up and the outcome is unknown.
  int answer_timeout_ms = 10'000;
  int lock_timeout_ms = 2'000;
};

/// Goes below libpqxx to libpq for one statement: version 6.4 of libpqxx has neither binary arrays nor a raw
/// handle, and text COPY costs 20–30 % of the whole (docs/decisions/0003).
std::unique_ptr<LaneStore> make_postgres_lane_store(LaneStoreSettings settings);

}  // namespace dompet
