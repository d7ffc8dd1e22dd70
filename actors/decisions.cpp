#include "actors/decisions.hpp"

#include <spdlog/spdlog.h>

#include "actors/wallet.hpp"

namespace dompet {

namespace {
constexpr std::size_t remembered_decisions = 10'000;
}

Decisions::Decisions(ShardActor::pointer self, NodePtr node, Decide decide)
    : self_(self), node_(std::move(node)), decide_(std::move(decide)) {}

void Decisions::ask(const AskDecision& asked) {
  const auto [place, is_new] = known_.try_emplace(asked.transfer->transaction->id);
  Known& known = place->second;
  if (known.outcome != Decision::none)
    return tell(asked.transfer, known);
  if (!is_new) {
    known.waiting = {asked.transfer};
    return;
  }
  known.waiting = {asked.transfer};
  const bool queued = node_->pool->read(
      [self = ShardActor{self_}, asked](RecoveryStore& store) {
        caf::anon_send(self, DecisionLookedUp{asked, store.decision(asked.transfer->transaction->id), {}});
      },
      [self = ShardActor{self_}, asked](const std::string& reason, bool) {
        caf::anon_send(self, DecisionLookedUp{asked, {}, reason});
      });
  if (!queued)
    known_.erase(place);
}

void Decisions::on_looked_up(const DecisionLookedUp& found, std::uint64_t generation) {
  const TransferPtr& transfer = found.asked.transfer;
  const auto place = known_.find(transfer->transaction->id);
  if (place == known_.end() || place->second.outcome != Decision::none || transfer->generation != generation)
    return;
  if (!found.failure.empty()) {
    known_.erase(place);
    return;
  }
  const StoredDecision& stored = found.known;
  if (stored.outcome == Decision::none)
    return act(found.asked, generation);
  const Transaction& request = *transfer->transaction;
  if (stored.wallet != request.destination || stored.amount != request.amount ||
      !(stored.currency == request.currency)) {
    spdlog::critical("transfer {} was decided with other parameters", to_string(request.id));
    node_->counters.integrity_alarms += 1;
    known_.erase(place);
    return;
  }
  place->second.outcome = stored.outcome;
  place->second.reason = decline_of(stored.reason);
  tell(transfer, place->second);
  place->second.waiting.clear();
  remember(request.id);
}

void Decisions::act(const AskDecision& asked, std::uint64_t generation) {
  const DeciderAction action = asked.cancel ? on_cancel(Decision::none) : on_credit(Decision::none);
  if (action == DeciderAction::record_refusal)
    return record_refusal(asked.transfer, generation);
  decide_(asked.transfer);
}

/// The tombstone: a credit that comes later meets it (protocol 5.5).
void Decisions::record_refusal(const TransferPtr& transfer, std::uint64_t generation) {
  LaneEntryPtr entry = make_refusal(transfer, generation, Decline::cancelled);
  add_decision(node_, *entry, transfer, Decision::refused, Decline::cancelled);
  self_->send(node_->lane, Append{std::move(entry)});
}

void Decisions::on_durable(const DecisionDurable& decided) {
  Known& known = known_[decided.transfer->transaction->id];
  known.outcome = decided.outcome;
  known.reason = decided.reason;
  if (known.waiting.empty())
    known.waiting = {decided.transfer};
  for (const TransferPtr& transfer : known.waiting)
    tell(transfer, known);
  known.waiting.clear();
  remember(decided.transfer->transaction->id);
}

void Decisions::tell(const TransferPtr& transfer, const Known& known) {
  self_->send(node_->sagas[transfer->source_shard], Proof{transfer, known.outcome, known.reason});
}

void Decisions::remember(const TransactionId& id) {
  remembered_.push_back(id);
  if (remembered_.size() <= remembered_decisions)
    return;
  known_.erase(remembered_.front());
  remembered_.pop_front();
}

void Decisions::give_up(const TransferPtr& transfer) { known_.erase(transfer->transaction->id); }

void Decisions::forget_undecided(const WalletId& wallet) {
  std::erase_if(known_, [&](const auto& entry) {
    const Known& known = entry.second;
    return known.outcome == Decision::none && !known.waiting.empty() &&
           known.waiting.front()->transaction->destination == wallet;
  });
}

void Decisions::clear() {
  known_.clear();
  remembered_.clear();
}

}  // namespace dompet
