#include "actors/decisions.hpp"

#include <spdlog/spdlog.h>

#include "actors/wallet.hpp"
#include "persistence/failpoint.hpp"

namespace dompet {

namespace {
constexpr std::size_t remembered_decisions = 10'000;
}

Decisions::Decisions(ShardActor::pointer self, NodePtr node, Shard shard, Decide decide)
    : self_(self), node_(std::move(node)), shard_(shard), decide_(std::move(decide)) {}

void Decisions::begin(std::uint64_t generation, std::uint64_t tenure) {
  generation_ = generation;
  tenure_ = tenure;
  known_.clear();
  remembered_.clear();
}

void Decisions::ask(const AskDecision& asked) {
  const CreditAsk& ask = asked.ask;
  const auto [place, is_new] = known_.try_emplace(ask.transaction->id);
  Known& known = place->second;
  if (known.outcome != Decision::none)
    return tell(ask, known);
  known.waiting = ask;
  if (!is_new)
    return;
  const bool queued = node_->pool_of(shard_).read(
      [self = ShardActor{self_}, asked, tenure = tenure_](RecoveryStore& store) {
        caf::anon_send(self, DecisionLookedUp{asked, tenure, store.decision(asked.ask.transaction->id), {}});
      },
      [self = ShardActor{self_}, asked, tenure = tenure_](const std::string& reason, bool) {
        caf::anon_send(self, DecisionLookedUp{asked, tenure, {}, reason});
      });
  if (queued)
    return;
  known_.erase(place);
  tell_none(ask, NoProofReason::busy);
}

void Decisions::on_looked_up(const DecisionLookedUp& found) {
  const Transaction& request = *found.asked.ask.transaction;
  const auto place = known_.find(request.id);
  if (found.tenure != tenure_ || place == known_.end() || place->second.outcome != Decision::none)
    return;
  if (!found.failure.empty()) {
    known_.erase(place);
    return tell_none(found.asked.ask, NoProofReason::busy);
  }
  const StoredDecision& stored = found.known;
  if (stored.outcome == Decision::none)
    return act(found.asked.ask);
  if (stored.wallet != request.destination || Money{stored.currency, stored.amount} != credit_of(request)) {
    spdlog::critical("transfer {} was decided with other parameters", to_string(request.id));
    node_->counters.integrity_alarms += 1;
    known_.erase(place);
    return;
  }
  place->second.outcome = stored.outcome;
  place->second.reason = decline_of(stored.reason);
  tell(place->second.waiting.value_or(found.asked.ask), place->second);
  place->second.waiting.reset();
  remember(request.id);
}

/// The destination's side of a transfer: where it was asked for does not matter to it.
TransferPtr Decisions::transfer_of(const CreditAsk& ask) const {
  auto transfer = std::make_shared<Transfer>();
  transfer->transaction = ask.transaction;
  transfer->generation = generation_;
  transfer->source_shard = ask.source_shard;
  transfer->destination_shard = shard_;
  return transfer;
}

void Decisions::act(const CreditAsk& ask) {
  const DeciderAction action = ask.cancel ? on_cancel(Decision::none) : on_credit(Decision::none);
  // A rule that is broken on purpose, to see that the checkers find it: refused, and nothing on record says so.
  if (action == DeciderAction::record_refusal && failpoint("decision.skip_tombstone")) {
    known_.erase(ask.transaction->id);
    return tell(ask, {.outcome = Decision::refused, .reason = Decline::cancelled});
  }
  if (action == DeciderAction::record_refusal)
    return record_refusal(transfer_of(ask));
  decide_(transfer_of(ask));
}

/// The tombstone: a credit that comes later meets it (protocol 5.5).
void Decisions::record_refusal(const TransferPtr& transfer) {
  LaneEntryPtr entry = make_refusal(transfer, generation_, Decline::cancelled);
  add_decision(node_, *entry, transfer, Decision::refused, Decline::cancelled);
  node_->append(shard_, std::move(entry));
}

void Decisions::on_durable(const DecisionDurable& decided) {
  const TransactionId& id = decided.transfer->transaction->id;
  Known& known = known_[id];
  known.outcome = decided.outcome;
  known.reason = decided.reason;
  if (known.waiting)
    tell(*known.waiting, known);
  known.waiting.reset();
  remember(id);
}

void Decisions::tell(const CreditAsk& ask, const Known& known) {
  const TransactionId& id = ask.transaction->id;
  if (ask.asker.uuid.is_nil())
    self_->send(node_->sagas[ask.source_shard], Proof{id, known.outcome, known.reason});
  else
    self_->send(node_->router, TellRemote{ask.asker, RemoteProof{ask.source_shard, id, known.outcome, known.reason}});
}

void Decisions::tell_none(const CreditAsk& ask, NoProofReason reason) {
  const TransactionId& id = ask.transaction->id;
  if (ask.asker.uuid.is_nil())
    self_->send(node_->sagas[ask.source_shard], NoProof{id, reason});
  else
    self_->send(node_->router, TellRemote{ask.asker, RemoteNoProof{ask.source_shard, id, reason}});
}

void Decisions::remember(const TransactionId& id) {
  remembered_.push_back(id);
  if (remembered_.size() <= remembered_decisions)
    return;
  known_.erase(remembered_.front());
  remembered_.pop_front();
}

void Decisions::give_up(const TransferPtr& transfer) {
  const auto known = known_.extract(transfer->transaction->id);
  if (!known.empty() && known.mapped().waiting)
    tell_none(*known.mapped().waiting, NoProofReason::busy);
}

void Decisions::forget_undecided(const WalletId& wallet) {
  std::erase_if(known_, [&](const auto& entry) {
    const Known& known = entry.second;
    return known.outcome == Decision::none && known.waiting && known.waiting->transaction->destination == wallet;
  });
}

}  // namespace dompet
