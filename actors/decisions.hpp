#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>

#include "actors/node.hpp"

namespace dompet {

/// A destination shard's side of the slow path: what it has decided, what it is deciding, and who waits to hear it
/// (protocol 5.5, destination rules). The register itself is in the database; this is what memory knows of it.
class Decisions {
 public:
  /// Hands a transfer to its destination's wallet, which decides on it.
  using Decide = std::function<void(const TransferPtr& transfer)>;

  Decisions(ShardActor::pointer self, NodePtr node, Shard shard, Decide decide);

  /// A generation of the shard begins: nothing is known. What was asked of the database in another tenure is void.
  void begin(std::uint64_t generation, std::uint64_t tenure);

  /// CREDIT or CANCEL arrived.
  void ask(const AskDecision& asked);
  void on_looked_up(const DecisionLookedUp& found);
  void on_durable(const DecisionDurable& decided);
  /// Nothing is known, and why; the coordinator asks again.
  void tell_none(const CreditAsk& ask, NoProofReason reason);
  /// The wallet will not decide now: nothing is recorded, the coordinator asks again.
  void give_up(const TransferPtr& transfer);
  /// The wallet's actor crashed, with the questions in its mailbox, and all that it appended is durable or lost: what
  /// is not known to be decided is looked up when the coordinator asks again.
  void forget_undecided(const WalletId& wallet);

 private:
  struct Known {
    Decision outcome = Decision::none;
    std::optional<Decline> reason{};
    /// The last one who asked, while it is being looked up or decided: told when it is durable. One is enough, since
    /// a transfer has one coordinator at a time, and a deposed one needs no answer.
    std::optional<CreditAsk> waiting{};
  };

  void act(const CreditAsk& ask);
  void record_refusal(const TransferPtr& transfer);
  void tell(const CreditAsk& ask, const Known& known);
  TransferPtr transfer_of(const CreditAsk& ask) const;
  void remember(const TransactionId& id);

  ShardActor::pointer self_;
  NodePtr node_;
  Shard shard_;
  Decide decide_;
  std::uint64_t generation_ = 0;
  std::uint64_t tenure_ = 0;
  std::unordered_map<TransactionId, Known> known_{};
  /// Durable decisions in the order in which they came: the oldest are forgotten first, the database knows them.
  std::deque<TransactionId> remembered_{};
};

}  // namespace dompet
