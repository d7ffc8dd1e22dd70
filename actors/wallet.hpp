#pragma once

#include <memory>
#include <vector>

#include "actors/node.hpp"

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
  void finish_hold(const FinishHold& work);
  void probe(const Probe& work);

  void on_appended(const TransferPtr& transfer);
  void on_not_appended(const TransferNotAppended& message);
  void on_probe_returned(const TransferPtr& transfer);
  void on_peer_crashed(const WalletId& peer);
  void quiesce();
  void abandon();

 private:
  void append(LaneEntryPtr entry);
  /// The two halves of `append`: from the first on nobody lets the entry's wallets go.
  void mark_pending(LaneEntry& entry);
  void hand_over(LaneEntryPtr entry);
  LaneEntryPtr new_entry(const Transfer& transfer, RecordKind kind);
  LaneEntryPtr declined_entry(const Transfer& transfer, Decline decline, const DurableWalletPtr& decided_on);
  void decline(const Transfer& transfer, Decline reason);
  /// Answers a money request that leaves no record: its key may be used again.
  void turn_down(const Transfer& transfer, Result answer);
  void decline_at_destination(const TransferPtr& transfer, Decline reason);
  void append_reserved(const TransferPtr& transfer, const HoldPlaced& hold);
  void append_decision(const TransferPtr& transfer, const Decided<Credited>& decided);
  bool forget(const TransferPtr& transfer);
  void release_hold(const TransferPtr& transfer);
  std::vector<Event> decide_all(const std::vector<WalletChange>& changes, std::optional<Decline>& refusal) const;

  WalletActor::pointer self_;
  NodePtr node_;
  DurableWalletPtr durable_;
  std::uint64_t generation_;
  /// The speculative wallet.
  Wallet wallet_;
  /// Transfers of this wallet whose destination has not answered.
  std::vector<TransferPtr> under_way_{};
};

WalletActor::behavior_type wallet_actor(WalletActor::stateful_pointer<std::unique_ptr<WalletKeeper>> self, NodePtr node,
                                        DurableWalletPtr durable, std::uint64_t generation);

/// The entry that records a refusal by a shard itself, when there is no wallet that could refuse.
LaneEntryPtr make_refusal(const TransferPtr& transfer, std::uint64_t generation, Decline reason);
/// The rest of a decision entry: register row, and who hears of it once durable.
void add_decision(const NodePtr& node, LaneEntry& entry, const TransferPtr& transfer, Decision outcome,
                  std::optional<Decline> reason);

}  // namespace dompet
