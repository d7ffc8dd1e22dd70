#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "actors/node.hpp"
#include "actors/risk_memory.hpp"

namespace dompet {

/// A wallet's actor: a mailbox around a domain value. It does four things in this order: decide, append, apply,
/// answer. It decides on speculative state, which runs ahead of the durable one and is dropped whole when the lane
/// is reset; nothing it says leaves the node before it is durable (protocol 5.4).
class WalletKeeper {
 public:
  WalletKeeper(WalletActor::pointer self, NodePtr node, DurableWalletPtr durable, std::uint64_t generation);

  void accept(const AcceptTopup& work);
  void begin(const BeginTransfer& work);
  void finish(const FinishTransfer& work);
  void change(const ChangeWallet& work);
  void decide_credit(const DecideCredit& work);
  void finish_saga(const FinishSaga& work);
  void expire(const ExpirePayment& work);
  void probe(const Probe& work);

  void on_appended(const TransferPtr& transfer);
  void on_in_lane(const TransferPtr& transfer);
  void on_not_appended(const TransferNotAppended& message);
  void on_refundable(const RefundableRead& read);
  void on_movements(const RecentMovementsRead& read);
  void on_other_owner(const OtherOwnerRead& read);
  void on_probe_returned(const TransferPtr& transfer);
  void on_peer_crashed(const WalletId& peer);
  void quiesce();
  void abandon();

 private:
  /// A refund of this wallet's. Of one payment one at a time is looked up and decided; the others wait.
  struct Refund {
    TransferPtr transfer{};
    /// On its way to the payer, or appended: whoever has it answers.
    bool is_decided = false;
  };

  // Entries and refusals: wallet.cpp.
  void append(LaneEntryPtr entry);
  /// The two halves of `append`: from the first on nobody lets the entry's wallets go.
  void mark_pending(LaneEntry& entry);
  void hand_over(LaneEntryPtr entry);
  LaneEntryPtr new_entry(const Transfer& transfer, RecordKind kind);
  LaneEntryPtr declined_entry(const Transfer& transfer, Decline decline, const DurableWalletPtr& decided_on);
  /// One leg of this wallet, answered by the lane.
  void append_leg(const Transfer& transfer, RecordKind kind, const Event& event);
  void decline(const Transfer& transfer, Decline reason);
  /// Answers a money request that leaves no record: its key may be used again.
  void turn_down(const Transfer& transfer, Result answer);
  std::vector<Event> decide_all(const ChangeWallet& work, std::optional<Decline>& refusal) const;

  // What money requests begin with, and the fast path: wallet_transfers.cpp.
  /// Whether the amount may be set aside; nothing when that was declined.
  std::optional<HoldPlaced> decide_hold(Transfer& transfer, bool authorization = false);
  Spending spending_of(TransactionKind kind) const;
  /// What was set aside goes on to the destination's wallet, or on record when that is not in this lane.
  void send_on(const TransferPtr& transfer);
  void decline_at_destination(const TransferPtr& transfer, Decline reason);
  /// What the receiving wallet is asked.
  Credit credit_asked_by(const Transfer& transfer) const;
  bool forget(const TransferPtr& transfer);
  /// The end of what was set aside in memory.
  void settle(const Transfer& transfer);
  void give_back(const Transfer& transfer);

  // Single steps: wallet_slow_path.cpp.
  void append_begun(const TransferPtr& transfer);
  void append_decision(const TransferPtr& transfer, const Decided<Credited>& decided);
  void finish_topup(const FinishSaga& work);
  void append_last_step(const FinishSaga& work, RecordKind kind, const Event& event);

  // Acts on payments: wallet_payments.cpp.
  void authorize(const TransferPtr& transfer);
  void capture(const TransferPtr& transfer);
  void increase(const TransferPtr& transfer);
  void give_up(Transfer& transfer);

  // Refunds, which must not come to more than was captured: wallet_refunds.cpp.
  void refund(const TransferPtr& transfer);
  void look_up_refundable(const TransferPtr& transfer);
  /// The refund is in the lane, or nothing will come of it: the next one of its payment begins.
  void next_refund(const TransferPtr& done);

  // What risk rules say: wallet_risk.cpp.
  /// Whether everything is known that the rules look at. Otherwise the request begins again when it is, or was turned
  /// down.
  bool can_assess(const TransferPtr& transfer);
  /// Judges it and notes the judgement. False when it was declined.
  bool passes_rules(Transfer& transfer);
  void wait_for_facts(const TransferPtr& transfer, const RiskNeeds& needs);
  void read_movements(std::int64_t since_ms);
  void read_other_owner(const TransferPtr& transfer);
  void begin_again(const TransferPtr& transfer);

  WalletActor::pointer self_;
  NodePtr node_;
  DurableWalletPtr durable_;
  std::uint64_t generation_;
  /// The speculative wallet.
  Wallet wallet_;
  /// Payments whose time was over, in the life of this actor.
  std::uint64_t ended_payments_ = 0;
  /// Transfers of this wallet whose destination has not answered.
  std::vector<TransferPtr> under_way_{};
  /// Captures that were appended by their destination and may not be in the lane yet: until then what a final one gives
  /// back is not to be spent, or the debit would stand before it.
  std::vector<TransferPtr> settling_{};
  /// In the order in which they came.
  std::vector<Refund> refunds_{};
  RiskMemory risk_{};
};

WalletActor::behavior_type wallet_actor(WalletActor::stateful_pointer<std::unique_ptr<WalletKeeper>> self, NodePtr node,
                                        DurableWalletPtr durable, std::uint64_t generation);

/// The entry that records a refusal by a shard itself, when there is no wallet that could refuse.
LaneEntryPtr make_refusal(const TransferPtr& transfer, std::uint64_t generation, Decline reason);
/// The rest of a decision entry: register row, and who hears of it once durable.
void add_decision(const NodePtr& node, LaneEntry& entry, const TransferPtr& transfer, Decision outcome,
                  std::optional<Decline> reason);
/// What is to be said once the last record of a saga is durable: to its coordinator, and to whoever still waits.
std::function<void(const RecordPtr&)> tell_end(NodePtr node, FinishSaga work);
/// What the saga's row says, from the request.
SagaChange saga_change(const Transfer& transfer, SagaState expected, SagaState next);

}  // namespace dompet
