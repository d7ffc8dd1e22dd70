#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/decisions.hpp"
#include "actors/expiry_walk.hpp"
#include "actors/keys_under_way.hpp"
#include "actors/node.hpp"

namespace dompet {

/// One shard's actor: the only spawner and monitor of its wallets. It finds or loads the wallet that a message is
/// for, looks up keys and decisions that it does not know, answers balances from durable state, lets idle wallets
/// go, restarts crashed ones and quarantines those that keep crashing (protocol 5.4).
class ShardKeeper {
 public:
  ShardKeeper(ShardActor::pointer self, NodePtr node, Shard shard);

  void submit(Submit& submit);
  void route(Route& route);
  void ask_decision(const AskDecision& asked);

  void on_loaded(WalletLoaded& loaded);
  void on_key_looked_up(KeyLookedUp& found);
  void on_decision_looked_up(const DecisionLookedUp& found) { decisions_.on_looked_up(found); }
  void on_decision_durable(const DecisionDurable& decided) { decisions_.on_durable(decided); }
  void on_keys_loaded(const KeysLoaded& loaded);
  void on_key_freed(const KeyFreed& freed) { keys_under_way_.give_back(freed.key); }
  void on_quiesced(const WalletQuiesced& message);
  void on_drained(const WalletDrained& drained);
  void on_down(const caf::down_msg& down);
  void quarantine(const QuarantineWallet& order);
  void announce_crash(const WalletId& wallet);
  void begin_generation(const BeginGeneration& begun);
  void end_tenure(const EndTenure& ended);
  void release(const ReleaseShard& order);
  void on_expired_found(const ExpiredFound& found);
  void tick();

 private:
  using Clock = std::chrono::steady_clock;

  /// A wallet that is in memory, on its way there, or on its way out. While it has no actor that takes messages,
  /// work for it waits in the stash, in order.
  struct Resident {
    enum class State : std::uint8_t { loading, active, quiescing, draining };
    State state = State::loading;
    WalletActor actor{};
    DurableWalletPtr durable{};
    Clock::time_point last_used{};
    std::unique_ptr<std::deque<WalletWork>> stash{};
  };
  using Residents = std::unordered_map<WalletId, Resident>;

  bool is_served() const { return generation_ != 0; }
  bool is_releasing() const { return !release_to_.uuid.is_nil(); }
  /// Neither here nor now: to whoever has the shard, or until it is known whether it stays.
  void divert(Submit& submit);
  void begin(std::uint64_t correlation, OpenWalletRequest& request);
  void begin(std::uint64_t correlation, ChangeWalletRequest& request);
  void begin(std::uint64_t correlation, MoveMoneyRequest& request);
  void begin(std::uint64_t correlation, ReadWalletRequest& request);
  void begin(std::uint64_t correlation, const SagaOrderRequest& request);
  void begin(std::uint64_t correlation, const ProviderWordRequest& word);
  bool can_begin(const Transaction& wanted) const;
  void read_strictly(std::uint64_t correlation, const DurableWalletPtr& durable);
  void read_waiting(const WalletId& wallet);
  std::vector<int> other_databases() const;
  void answer_behind_lane(std::uint64_t correlation, MoneyAnswer stored);
  void look_up_key(Submit submit, const std::vector<int>& databases);
  void start_money(std::uint64_t correlation, MoveMoneyRequest& request);

  /// Begins to load the wallet. False when the read pool is full.
  bool load(const WalletId& wallet);
  void spawn(const WalletId& wallet, Resident& resident, WalletHistory history);
  void deliver(const WalletId& wallet, WalletWork work);
  void stash(Resident& resident, WalletWork work);
  void flush_stash(const WalletId& wallet, Resident& resident);
  /// Tells whoever waits for this work that the wallet will not do it; `moved`: because the shard leaves this lane.
  void refuse(const WalletWork& work, const Result& answer, bool moved = false);
  void refuse_waiting(const WalletId& wallet, Resident& resident, const Result& answer);
  void note_crash(const WalletId& wallet);
  void escalate();
  void make_room();

  void let_go_of_wallets();
  void hand_over_if_empty();
  void stay();
  void drop_everything();
  void read_keys();
  void forget_keys();
  void look_for_expired();

  ShardActor::pointer self_;
  NodePtr node_;
  Shard shard_;
  /// The lane's; zero when this node does not serve the shard.
  std::uint64_t generation_ = 0;
  /// Counts generations and their ends: what was asked of the database in another one must not be believed.
  std::uint64_t tenure_ = 0;
  /// Whom the shard is being let go for; nil when it is not.
  Incarnation release_to_{};
  Clock::time_point release_deadline_{};
  bool release_asked_ = false;
  /// Requests that wait for the end of a hand-over, in order.
  std::deque<Submit> parked_{};
  Residents residents_{};
  std::unordered_map<WalletId, std::string> quarantined_{};
  std::unordered_map<WalletId, std::deque<Clock::time_point>> crashes_{};
  std::deque<Clock::time_point> quarantine_times_{};
  struct WaitingRead {
    std::uint64_t correlation = 0;
    bool strict = false;
  };
  std::unordered_map<WalletId, std::vector<WaitingRead>> waiting_reads_{};
  Decisions decisions_;
  /// Only where requests come through other nodes too: those of one front end join before they come here.
  KeysUnderWay keys_under_way_{};
  /// Numbers the readings of the shard's stored keys. While they are not known every key is looked up.
  std::uint64_t keys_reading_ = 0;
  bool keys_asked_ = false;
  bool keys_loaded_ = false;
  ExpiryWalk expiry_{};
};

ShardActor::behavior_type shard_actor(ShardActor::stateful_pointer<std::unique_ptr<ShardKeeper>> self, NodePtr node,
                                      Shard shard);

}  // namespace dompet
