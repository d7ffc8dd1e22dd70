#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/provider_port.hpp"
#include "actors/requests.hpp"
#include "domain/review.hpp"
#include "domain/risk.hpp"
#include "persistence/lane_store.hpp"
#include "persistence/membership_store.hpp"
#include "persistence/reader.hpp"

namespace dompet {

/// Who asked. Called from the engine's threads, many answers at once: take them and return, never block.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  virtual void deliver(std::vector<Answer> answers) = 0;
};

/// Correlations with this bit are the engine's own: requests that other nodes forwarded.
inline constexpr std::uint64_t forwarded_bit = 1ULL << 63;

/// How a node finds the others and how long it trusts them (protocol 5.2, 5.13). Each has its reason in
/// config/dompet.example.toml.
struct ClusterSettings {
  /// `host:port` for the other nodes, on a network that nobody else reaches; empty: this node serves alone.
  std::string listen{};
  /// What every node of the cluster must know.
  std::string secret{};
  /// PEM files; all three or none. With them links are TLS, and both sides show a certificate of the private CA.
  std::string tls_certificate{};
  std::string tls_key{};
  std::string tls_ca{};
  std::chrono::milliseconds renew{1'000};
  /// How long balances are read from memory after the last renewal was sent.
  std::chrono::milliseconds lease_local{4'000};
  /// How long a counter must stand still before its node is expired.
  std::chrono::milliseconds lease_ttl{6'000};
  std::chrono::milliseconds link_heartbeat{500};
  std::chrono::milliseconds link_timeout{2'000};
  std::chrono::milliseconds connect_probe{300};
  /// What may be under way to one peer: messages, bytes.
  std::size_t link_window_messages = 1'024;
  std::size_t link_window_bytes = 1'048'576;
  /// Shards that move at the same time.
  int concurrent_moves = 4;
  /// How long a shard stays before it may be moved again for balance.
  std::chrono::milliseconds move_dwell{30'000};
  /// How long a request may wait inside for a shard that is changing hands.
  std::chrono::milliseconds hand_over_patience{300};
};

/// The engine's bounds and intervals. Each has its reason in config/dompet.example.toml.
struct EngineSettings {
  std::string node_name = "dompet";
  Shard shard_count = default_shard_count;
  /// Actor threads (CAF scheduler).
  int scheduler_threads = 1;
  std::size_t batch_rows = 512;
  std::size_t batch_bytes = 256 * 1024;
  std::size_t lane_queue_rows = 8'192;
  std::chrono::milliseconds lane_age_limit{250};
  std::size_t stash_limit = 1'000;
  int query_connections = 4;
  std::size_t query_queue = 1'024;
  std::uint64_t snapshot_every = 1'000;
  std::chrono::seconds idle_before_passivation{60};
  std::size_t resident_wallets = 1'000'000;
  int crashes_before_quarantine = 3;
  std::chrono::seconds crash_window{60};
  int quarantines_before_release = 10;
  /// Off: every transfer takes the three durable steps that transfers between nodes take.
  bool fast_path = true;
  std::chrono::seconds transfer_expiry{30};
  /// How long an authorized payment lives. The end of each is in its own transaction; what has ended is looked for
  /// among those that are older than this.
  std::chrono::seconds authorization_lifetime{7 * 24 * 3'600};
  /// Risk rules that were read longer ago judge nothing any more: what needs a judgement is not done then.
  std::chrono::milliseconds risk_rules_max_age{10'000};
  /// The same of rules of which none was enabled.
  std::chrono::milliseconds risk_no_rules_max_age{600'000};
  /// What no officer has decided by then is rejected.
  std::chrono::seconds review_expiry{7 * 24 * 3'600};
  /// So is what was converted by a rate that is older by then.
  std::chrono::seconds review_rate_age{24 * 3'600};
  ReviewBounds review_bounds() const {
    return {std::chrono::milliseconds(review_expiry).count(), std::chrono::milliseconds(review_rate_age).count()};
  }
  /// A top-up is credited when the provider says that the money came, not at once.
  bool topups_ask_provider = false;
  std::chrono::milliseconds resend_first{100};
  std::chrono::milliseconds resend_most{5'000};
  /// An attempt without an answer is given up after this.
  std::chrono::milliseconds attempt_timeout{1'000};
  ClusterSettings cluster{};
  /// Milliseconds since 1970, for what people read; empty: the system's clock. No setting of a server: only
  /// `dompetctl seed`, which writes a past, and tests bring one of their own.
  std::function<std::int64_t()> wall_clock_ms{};
  /// The rules to begin with, as they were just read; empty: none.
  RiskRulesPtr risk_rules{};
};

/// How full the engine is, for admission at the door. Read without locks.
struct Pressure {
  /// At least one lane works.
  bool ready = false;
  /// It was asked to leave: no new clients should come.
  bool leaving = false;
  /// In all lanes.
  std::size_t waiting_rows = 0;
  std::chrono::milliseconds oldest_age{0};
  /// Of the lanes that work, the smallest: what the door goes by, since it does not know yet where a request will go.
  std::size_t least_waiting_rows = 0;
  std::chrono::milliseconds least_age{0};
  /// Databases whose lane does not work.
  std::vector<int> unready_databases{};
};

/// A node as this one sees it.
struct NodeView {
  NodeRow row{};
  bool is_me = false;
  /// Whether messages get through to it.
  bool linked = false;
  /// Since its heartbeat was last seen to change.
  std::chrono::milliseconds silent_for{0};
};

/// A shard as this node sees it.
struct ShardView {
  ShardRow row{};
  int database = 0;
  /// Served by this node's lane.
  bool mine = false;
};

struct LaneView {
  int database = 0;
  bool ready = false;
  std::size_t waiting_rows = 0;
  std::chrono::milliseconds oldest_age{0};
  std::size_t shards = 0;
};

/// The cluster as this node sees it: at most a renewal old, and a hint only; the tables have the last word.
struct ClusterView {
  std::vector<NodeView> nodes{};
  /// By shard.
  std::vector<ShardView> shards{};
  std::vector<LaneView> lanes{};

  const NodeView* find(const Incarnation& incarnation) const;
  const NodeView* find(std::string_view node_name) const;
};

/// Counters since the start, for /metrics.
struct EngineCounters {
  std::uint64_t commits = 0;
  std::uint64_t committed_records = 0;
  std::uint64_t commit_microseconds = 0;
  std::uint64_t lane_resets = 0;
  std::uint64_t unknown_commits = 0;
  std::uint64_t rejected_commits = 0;
  std::uint64_t wallet_loads = 0;
  std::uint64_t wallet_crashes = 0;
  std::uint64_t quarantined_wallets = 0;
  std::uint64_t resident_wallets = 0;
  std::uint64_t passivated_wallets = 0;
  std::uint64_t key_lookups = 0;
  std::uint64_t saga_resends = 0;
  std::uint64_t integrity_alarms = 0;
  std::uint64_t slow_transfers = 0;
  std::uint64_t forwarded_requests = 0;
  std::uint64_t served_for_others = 0;
  std::uint64_t link_losses = 0;
  std::uint64_t acquired_shards = 0;
  std::uint64_t shards_given = 0;
  std::uint64_t shards_lost = 0;
  std::uint64_t expired_peers = 0;
  std::uint64_t missed_renewals = 0;
  std::uint64_t provider_contradictions = 0;
  std::uint64_t expired_payments = 0;
};

/// How movements of money were judged by risk rules since the start, for /metrics.
struct RiskFigures {
  struct Line {
    RiskAction action = RiskAction::allow;
    /// The id of a rule that was met; empty for movements that met none.
    std::string rule{};
    std::uint64_t count = 0;
  };
  std::vector<Line> lines{};
  std::uint64_t assessments = 0;
  std::uint64_t nanoseconds = 0;
};

/// Work for a database session of the query pool, off the HTTP and actor threads.
using QueryWork = std::function<void(Reader& reader)>;

/// How the engine reaches one database. The lane's, the ownership's and the readers' sessions are all its own.
struct DatabaseAccess {
  std::function<std::unique_ptr<LaneStore>()> lane_store{};
  std::function<std::unique_ptr<OwnershipStore>()> ownership{};
  std::function<std::unique_ptr<Reader>()> reader{};
};

/// Who this process is, and how it stays a member.
struct Member {
  /// `heartbeat` and `state` are not looked at.
  NodeRow me{};
  /// A start of this node that surely is dead: its lock is held by this one. Nil when none is known.
  Incarnation predecessor{};
  std::function<std::unique_ptr<MembershipStore>()> store{};
};

/// The wallets, their shards, the sagas and the commit lanes of one node, and its links with the others, behind one
/// door. The only part of the program that can change a balance. Thread-safe unless said otherwise.
class Engine {
 public:
  /// Starts the actors; readiness follows once membership is renewed and shards are acquired. `databases` by number;
  /// database 0 also holds the table of nodes. `sink` and `provider` must outlive the engine; without a provider what
  /// needs one is answered NotNow. Throws std::runtime_error with a whole sentence when the internal address cannot be
  /// had.
  Engine(EngineSettings settings, Member member, std::vector<DatabaseAccess> databases, ReplySink& sink,
         ProviderPort* provider = nullptr);
  /// Lets the lanes finish what is in them, bounded by ten seconds, then stops every actor.
  ~Engine();
  Engine(const Engine&) = delete;

  /// Exactly one answer with this correlation follows, unless an actor crashed with the request in its mailbox;
  /// so the asker keeps his own deadline and then says "unknown". A wallet of another node is asked there.
  /// Correlations have not the forwarded_bit.
  void submit(std::uint64_t correlation, Request request);

  /// False when the queue of the pool is full. The work may throw Unavailable or Unreadable; `on_failure` then
  /// gets the reason on the pool's thread.
  bool query(QueryWork work, std::function<void(std::string reason)> on_failure, int database = 0);
  int databases() const;
  Shard shard_count() const;
  /// The database that a shard lives in. Nothing while this node has not seen it in any: it has just started, or the
  /// shard is on its way from one to another.
  std::optional<int> database_of(Shard shard) const;

  std::shared_ptr<const ClusterView> cluster() const;
  /// Wishes that a shard moves to a node; nothing, or why that cannot be, as a sentence. The cluster's next views show
  /// what came of it.
  std::optional<std::string> move_shard(Shard shard, const std::string& to_node);
  /// Wishes that a node gives all its shards away.
  std::optional<std::string> drain_node(const std::string& node);
  /// Moves shards, dwell or not, until no node has more than its share.
  void rebalance();
  /// Gives every shard away, as far as others are there to take them, and leaves the cluster; for SIGTERM. Returns
  /// when that is done, or after the limit.
  void leave(std::chrono::milliseconds limit);

  /// From now on movements are judged by these rules, which were read just now. Call it at least every
  /// `risk_rules_max_age`, with the same ones when nothing changed.
  void set_risk_rules(RiskRulesPtr rules);
  /// Those it judges by; nothing when they were read too long ago.
  RiskRulesPtr risk_rules() const;
  /// When a review of such a transaction is over by itself.
  ReviewEnd end_of_review(const Transaction& transaction) const;
  RiskFigures risk_figures() const;

  Pressure pressure() const;
  EngineCounters counters() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace dompet
