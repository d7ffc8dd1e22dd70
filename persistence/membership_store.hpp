#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "persistence/lane_store.hpp"

namespace dompet {

/// As the node table says it. `expired` and `left` are final: such an incarnation never serves again.
enum class NodeState : std::uint8_t { up, draining, expired, left };

std::string_view name_of(NodeState state);

/// One start of one process.
struct NodeRow {
  Incarnation incarnation{};
  std::string name{};
  /// `host:port` where the other nodes reach it; empty when it serves alone.
  std::string internal_address{};
  std::string http_address{};
  /// Counts renewals; only ever compared with itself.
  std::uint64_t heartbeat = 0;
  NodeState state = NodeState::up;
  int protocol_min = 1;
  int protocol_max = 1;
  std::string build{};

  bool operator==(const NodeRow&) const = default;
};

/// Which PostgreSQL cluster answers: a restored or promoted one is another one (protocol 5.2).
struct DatabaseIdentity {
  std::string system_identifier{};
  std::int64_t timeline = 0;

  bool operator==(const DatabaseIdentity&) const = default;
};

/// The table of nodes, in database 0. One thread; every call blocks, at most for its settings' time-outs, and throws
/// Unavailable when the database does not answer.
class MembershipStore {
 public:
  virtual ~MembershipStore() = default;

  /// Adds this process, state `up`. Idempotent.
  virtual void join(const NodeRow& me) = 0;
  /// Increments this process's heartbeat while it is up or draining. False: it was expired, and must stop for good.
  virtual bool renew() = 0;
  /// Everybody who is up or draining, and those who ended within the last hours.
  virtual std::vector<NodeRow> nodes() = 0;
  /// Expires a node whose heartbeat still is what the observer saw. False when it moved on.
  virtual bool expire(const Incarnation& node, std::uint64_t heartbeat) = 0;
  /// Expires an incarnation that surely is dead: the caller holds its lock (fast restart).
  virtual void bury(const Incarnation& node) = 0;
  /// Sets the state of any node that is up or draining: draining, or left. False when there is no such node.
  virtual bool set_state(const Incarnation& node, NodeState state) = 0;
};

/// A row of the shard table of the database in which the shard lives.
struct ShardRow {
  Shard shard = 0;
  /// Nil when nobody has it.
  Incarnation owner{};
  std::uint64_t epoch = 0;
  /// Whom the owner shall hand it to; nil when to nobody.
  Incarnation target{};

  bool operator==(const ShardRow&) const = default;
};

/// Who owns the shards of one database, on a session beside the lane's, so that a takeover that waits for a lock does
/// not hold up commits. One thread; blocks and throws like MembershipStore.
class OwnershipStore {
 public:
  virtual ~OwnershipStore() = default;

  /// Makes this process known to the database, with a fence of its own. Idempotent.
  virtual void register_node(const NodeRow& me) = 0;
  /// The shards that live in this database.
  virtual std::vector<ShardRow> shards() = 0;
  /// Takes each shard that still has the epoch and the owner which were read, under a new epoch, and fences the lane
  /// that had it (protocol 5.2, Acquire). A backend of the former owner that holds a lock is terminated after
  /// `takeover_lock_timeout`. Returns the shards that were taken; those that somebody else took first are left out.
  virtual std::vector<Shard> acquire(const std::vector<ShardRow>& seen) = 0;
  /// Wishes that the owner hand the shard over; a nil target takes the wish back. False when the row has changed.
  virtual bool set_target(const ShardRow& seen, const Incarnation& target) = 0;
  virtual DatabaseIdentity identity() = 0;
};

struct MembershipSettings {
  std::string database{};
  Incarnation incarnation{};
  std::string node_name{};
  int connect_timeout_s = 1;
  /// For one answer; also lock_timeout of an acquisition.
  int answer_timeout_ms = 1'000;
};

std::unique_ptr<MembershipStore> make_postgres_membership_store(MembershipSettings settings);
std::unique_ptr<OwnershipStore> make_postgres_ownership_store(MembershipSettings settings);

}  // namespace dompet
