#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "persistence/lane_store.hpp"
#include "persistence/reader.hpp"
#include "tests/actor/simulated_membership.hpp"

namespace dompet::simulated {

/// What shall happen to a commit (protocol 5.3.4). `unknown_late`: the server has it but has not begun; it gets to it
/// when `land_late_batches` is called, unless the lane was fenced before.
enum class Fate { durable, rejected, fenced, unknown_committed, unknown_lost, unknown_late };

/// Ways in which a ledger can be broken, so that the checkers can be seen to find it.
enum class Flaw {
  none,
  /// Commits of a lane that was fenced go through.
  skips_fence,
  /// Now and then a row of a batch is not stored.
  drops_a_row,
  /// Now and then a transfer credits more than it debits.
  doubles_a_credit,
  /// Says durable, stores nothing.
  lies_about_durability,
  /// Takes a second transaction with a key that was used.
  forgets_keys,
  /// The decision register takes a second word.
  forgets_decisions,
  /// It does not show the refusals that it holds, and takes a second word.
  hides_refusals,
  /// A saga advances from any state to any other.
  forgets_saga_states,
};

/// A database in memory, with PostgreSQL's part of the bargain: fence and epochs, unique key, unique legs, sagas that
/// advance only from the expected state, decisions written once, all or nothing. Rows are stored encoded, so that
/// whatever is read back has been through the journal's codec. It outlives the nodes that are started on it, and can be
/// told what the next commits shall come to. Named simulated because it stands for PostgreSQL under the deterministic
/// scheduler.
class SimulatedLedger final : public RecoveryStore, public SimulatedShards {
 public:
  explicit SimulatedLedger(Shard shard_count);

  /// A lane's session. It is of no use any more once `alive` is false: its process was killed.
  std::unique_ptr<LaneStore> connect(const Incarnation& me, std::shared_ptr<const bool> alive);

  // --- who owns what: what an ownership's session sees ---

  std::vector<ShardRow> rows() const override { return shards_; }
  std::vector<Shard> take(const Incarnation& me, const std::vector<ShardRow>& seen) override;
  bool set_target(const ShardRow& seen, const Incarnation& target) override;

  // --- what shall go wrong ---

  /// The fate of the next commit; orders queue up, and without one a commit is judged on its merits.
  void next_commit(Fate fate, std::string sqlstate = "XX000") { orders_.push_back({fate, std::move(sqlstate)}); }
  /// The database does not answer the next `count` claims.
  void refuse_claims(int count) { claims_to_refuse_ = count; }
  /// The sessions of this process are broken until `reconnect`; what it commits first comes to this end.
  void cut_off(const Incarnation& process, Fate first_commit) { cut_off_[process] = first_commit; }
  void reconnect(const Incarnation& process) { cut_off_.erase(process); }
  void land_late_batches();
  /// Called when a call of a lane's session arrives and again before its answer leaves: time passes there.
  void on_call(std::function<void(const Incarnation&)> pass) { pass_ = std::move(pass); }
  /// Called after each commit with what came of it.
  void on_commit(std::function<void(const Incarnation&, const Batch&, Outcome)> listen) { listen_ = std::move(listen); }
  /// Who may be given a shard; everybody, unless this says otherwise.
  void ask_who_is_up(std::function<bool(const Incarnation&)> is_up) { is_up_ = std::move(is_up); }
  /// Every batch that touches this wallet is rejected.
  void poison(const WalletId& wallet) { poisoned_.insert(wallet); }
  void break_on_purpose(Flaw flaw) { flaw_ = flaw; }
  /// Everything works again.
  void heal();
  /// Damages the stored bytes of the wallet's last leg.
  void corrupt(const WalletId& wallet);
  void corrupt_snapshots(const WalletId& wallet);

  // --- what is durable ---

  struct Bump {
    /// How many journal rows there were when the shard got this epoch.
    std::size_t rows = 0;
    Shard shard = 0;
    std::uint64_t epoch = 0;
  };
  struct Saga {
    SagaListing row{};
    SagaState state = SagaState::none;
  };

  const std::vector<JournalRow>& journal() const { return journal_; }
  const std::vector<Bump>& bumps() const { return bumps_; }
  std::vector<std::size_t> sizes_of_batches() const { return batch_sizes_; }
  std::optional<SagaState> saga(const TransactionId& id) const;
  /// All words that the register holds on a transfer; more than one only when it is broken.
  std::vector<Decision> decisions(const TransactionId& id) const;
  std::size_t open_sagas() const;
  const std::map<std::pair<Shard, std::string>, Minor>& totals() const { return totals_; }
  struct Transit {
    Minor out = 0;
    Minor in = 0;
  };
  const std::map<std::tuple<Shard, Shard, std::uint16_t>, Transit>& transits() const { return transits_; }
  std::size_t snapshots_of(const WalletId& wallet) const;
  std::string status_of(const WalletId& wallet) const;

  // --- RecoveryStore ---

  std::optional<WalletHistory> load_wallet(const WalletId& wallet) override;
  std::optional<Record> record_of_key(const KeyId& key) override;
  std::optional<StoredTransaction> transaction(const TransactionId& id) override;
  StoredDecision decision(const TransactionId& id) override;
  std::optional<Decline> wish_to_cancel(const TransactionId& id) override;
  RecentMovements movements_since(const WalletId& wallet, std::int64_t since_ms, int limit) override;
  std::optional<UserId> owner_of(const WalletId& wallet) override;
  std::vector<SagaListing> open_sagas(Shard shard) override;
  Refundable refundable(const TransactionId& payment, const WalletId& merchant_wallet) override;
  std::vector<ExpiredPayment> authorizations_before(Shard shard, std::int64_t begun_before_ms,
                                                    const TransactionId& after, int limit) override;
  void keys_of(Shard shard, const std::function<void(const KeyId&)>& take) override;

 private:
  std::optional<Decline> refusal_of(const TransactionId& id) const;
  std::vector<Record> records_of_payment(const TransactionId& payment) const;

  class Session;
  struct Order {
    Fate fate = Fate::durable;
    std::string sqlstate{};
  };
  using Legs = std::map<std::uint64_t, std::size_t>;

  std::vector<Claim> claim(const Incarnation& me);
  std::vector<Claim> claims_of(const Incarnation& me) const;
  bool hand_over(const Incarnation& me, const Claim& claim, const Incarnation& to);
  void must_answer();
  void must_reach(const Incarnation& process) const;
  void pass(const Incarnation& process) const;
  CommitResult judge(Session& session, const Batch& batch, const Order& order);
  void give(ShardRow& row, const Incarnation& to);
  CommitResult commit(Session& session, const Batch& batch);
  std::optional<std::uint64_t> batch_at(Shard shard, std::uint64_t shard_seq) const;

  bool touches_poisoned(const Batch& batch) const;
  /// The SQLSTATE of what forbids the batch; empty and everything stored when nothing does.
  std::string store(const Batch& batch);
  bool index(const JournalRow& row, std::size_t place);
  void unindex(const JournalRow& row);
  std::string forbids_sagas(const Batch& batch) const;
  std::string forbids_decisions(const Batch& batch) const;
  void store_sagas(const Batch& batch);
  void store_beside(const Batch& batch);
  void store_snapshots(const Batch& batch);
  std::vector<JournalRow> damaged(std::vector<JournalRow> rows);
  std::optional<WalletHistory> newest_snapshot(const WalletId& wallet) const;

  std::deque<Order> orders_{};
  int claims_to_refuse_ = 0;
  struct LateBatch {
    Incarnation from{};
    std::uint64_t fence = 0;
    Batch batch{};
  };
  std::map<Incarnation, Fate> cut_off_{};
  std::vector<LateBatch> late_{};
  std::function<void(const Incarnation&)> pass_{};
  std::function<void(const Incarnation&, const Batch&, Outcome)> listen_{};
  std::function<bool(const Incarnation&)> is_up_{};
  std::set<WalletId> poisoned_{};
  Flaw flaw_ = Flaw::none;
  std::uint64_t commits_ = 0;

  /// One a lane: raised by whoever takes a shard from it.
  std::map<Incarnation, std::uint64_t> fences_{};
  std::vector<ShardRow> shards_{};
  std::vector<std::uint64_t> last_seq_;
  std::vector<Bump> bumps_{};
  std::vector<std::size_t> batch_sizes_{};

  std::vector<JournalRow> journal_{};
  std::map<std::pair<Shard, std::int64_t>, std::size_t> by_shard_{};
  std::unordered_map<KeyId, std::size_t> by_key_{};
  std::unordered_multimap<TransactionId, std::size_t> by_id_{};
  // Two indexes as in PostgreSQL: neither sees a seq that the other one has.
  std::unordered_map<WalletId, Legs> as_wallet_{};
  std::unordered_map<WalletId, Legs> as_peer_{};
  std::map<TransactionId, Saga> sagas_{};
  std::map<TransactionId, std::vector<DecisionRow>> decisions_{};
  std::map<WalletId, WalletRow> wallets_{};
  std::map<WalletId, std::map<std::uint64_t, std::string>> snapshots_{};
  std::map<std::pair<Shard, std::string>, Minor> totals_{};
  std::map<std::tuple<Shard, Shard, std::uint16_t>, Transit> transits_{};
};

}  // namespace dompet::simulated
