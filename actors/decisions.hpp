#pragma once

#include <deque>
#include <functional>
#include <unordered_map>
#include <vector>

#include "actors/node.hpp"

namespace dompet {

/// A destination shard's side of the slow path: what it has decided, what it is deciding, and who waits to hear it
/// (protocol 5.5, destination rules). The register itself is in the database; this is what memory knows of it.
class Decisions {
 public:
  /// Hands a transfer to its destination's wallet, which decides on it.
  using Decide = std::function<void(const TransferPtr& transfer)>;

  Decisions(ShardActor::pointer self, NodePtr node, Decide decide);

  /// CREDIT or CANCEL arrived.
  void ask(const AskDecision& asked);
  void on_looked_up(const DecisionLookedUp& found, std::uint64_t generation);
  void on_durable(const DecisionDurable& decided);
  /// The wallet will not decide now: nothing is recorded, the coordinator asks again.
  void give_up(const TransferPtr& transfer);
  /// The wallet's actor crashed, with the questions in its mailbox, and all that it appended is durable or lost: what
  /// is not known to be decided is looked up when the coordinator asks again.
  void forget_undecided(const WalletId& wallet);
  void clear();

 private:
  struct Known {
    Decision outcome = Decision::none;
    std::optional<Decline> reason{};
    /// Being looked up or decided; who is told when it is durable.
    std::vector<TransferPtr> waiting{};
  };

  void act(const AskDecision& asked, std::uint64_t generation);
  void record_refusal(const TransferPtr& transfer, std::uint64_t generation);
  void tell(const TransferPtr& transfer, const Known& known);
  void remember(const TransactionId& id);

  ShardActor::pointer self_;
  NodePtr node_;
  Decide decide_;
  std::unordered_map<TransactionId, Known> known_{};
  /// Durable decisions in the order in which they came: the oldest are forgotten first, the database knows them.
  std::deque<TransactionId> remembered_{};
};

}  // namespace dompet
