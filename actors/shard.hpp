#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/decisions.hpp"
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
  /// One of another generation is dropped: nothing that it leads to would be taken, and whoever it belongs to asks
  /// again.
  void ask_decision(const AskDecision& asked) {
    if (asked.transfer->generation == generation_)
      decisions_.ask(asked);
  }

  void on_loaded(WalletLoaded& loaded);
  void on_key_looked_up(KeyLookedUp& found);
  void on_decision_looked_up(const DecisionLookedUp& found) { decisions_.on_looked_up(found, generation_); }
  void on_decision_durable(const DecisionDurable& decided) { decisions_.on_durable(decided); }
  void on_keys_loaded(const KeysLoaded& loaded);
  void on_quiesced(const WalletQuiesced& message);
  void on_drained(const WalletDrained& drained);
  void on_down(const caf::down_msg& down);
  void quarantine(const QuarantineWallet& order);
  void announce_crash(const WalletId& wallet);
  void begin_generation(std::uint64_t generation);
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

  void begin(std::uint64_t correlation, OpenWalletRequest& request);
  void begin(std::uint64_t correlation, ChangeWalletRequest& request);
  void begin(std::uint64_t correlation, MoveMoneyRequest& request);
  void begin(std::uint64_t correlation, ReadWalletRequest& request);
  void read_strictly(std::uint64_t correlation, const DurableWalletPtr& durable);
  void read_waiting(const WalletId& wallet);
  void look_up_key(Submit submit);
  void start_money(std::uint64_t correlation, MoveMoneyRequest& request);

  /// Begins to load the wallet. False when the read pool is full.
  bool load(const WalletId& wallet);
  void spawn(const WalletId& wallet, Resident& resident, WalletHistory history);
  void deliver(const WalletId& wallet, WalletWork work);
  void stash(Resident& resident, WalletWork work);
  void flush_stash(const WalletId& wallet, Resident& resident);
  /// Tells whoever waits for this work that the wallet will not do it.
  void refuse(const WalletWork& work, const Result& answer);
  void refuse_waiting(const WalletId& wallet, Resident& resident, const Result& answer);
  void note_crash(const WalletId& wallet);
  void escalate();
  void make_room();

  ShardActor::pointer self_;
  NodePtr node_;
  Shard shard_;
  std::uint64_t generation_ = 0;
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
  /// The shard's stored keys are being read or are known; else every key is looked up.
  bool keys_asked_ = false;
};

ShardActor::behavior_type shard_actor(ShardActor::stateful_pointer<std::unique_ptr<ShardKeeper>> self, NodePtr node,
                                      Shard shard);

}  // namespace dompet
