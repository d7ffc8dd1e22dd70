#include "actors/saga_engine.hpp"

// SagaEngine's memory and its loss: what is open is on record, and whoever has the shard finds it there and goes on.

namespace dompet {

namespace {

constexpr auto retry_recovery = std::chrono::milliseconds(200);

std::shared_ptr<Transaction> transaction_of(const SagaListing& row) {
  auto transaction = std::make_shared<Transaction>();
  transaction->id = row.id;
  transaction->kind = row.kind;
  transaction->currency = row.currency;
  transaction->amount = row.amount;
  transaction->source = row.source;
  transaction->destination = row.destination;
  return transaction;
}

/// A saga found open after a restart. Nobody waits for its answer any more.
TransferPtr transfer_of(const SagaListing& row, RecoveryStore& store, std::uint64_t generation) {
  auto transfer = std::make_shared<Transfer>();
  const auto stored = store.transaction(row.id);
  transfer->transaction = stored && stored->record.transaction ? stored->record.transaction : transaction_of(row);
  transfer->generation = generation;
  transfer->source_shard = row.source_shard;
  transfer->destination_shard = row.destination_shard;
  if (row.state == SagaState::cancelling && stored && awaits_review(stored->record.risk))
    transfer->why_cancelled = store.wish_to_cancel(row.id);
  return transfer;
}

}  // namespace

/// The same generation again: the shard was to be let go, and stays. Nothing of what is known was lost.
void SagaEngine::begin_generation(const BeginGeneration& begun) {
  if (begun.generation == generation_) {
    is_paused_ = false;
    return;
  }
  generation_ = begun.generation;
  epoch_ = begun.epoch != 0 ? begun.epoch : epoch_;
  is_paused_ = false;
  for (auto& [id, saga] : sagas_)
    if (saga.transfer->correlation != 0)
      waited_for_[id] = std::move(saga.transfer);
  sagas_.clear();
  ended_meanwhile_.clear();
  look_for_sagas();
}

void SagaEngine::end_tenure() {
  generation_ = 0;
  for (auto& [id, saga] : sagas_)
    if (saga.transfer->begun)
      node_->answer(saga.transfer->take_asker(), MoneyAnswer{saga.transfer->begun, saga.state, 0, std::nullopt, false});
  sagas_.clear();
  waited_for_.clear();
  ended_meanwhile_.clear();
  look_again_.reset();
}

void SagaEngine::look_for_sagas() {
  look_again_.reset();
  is_looking_ = true;
  const bool queued = node_->pool_of(shard_).read(
      [self = SagaEngineActor{self_}, shard = shard_, generation = generation_](RecoveryStore& store) {
        SagasFound found{.generation = generation};
        for (const SagaListing& row : store.open_sagas(shard)) {
          auto& alike = row.state == SagaState::reserved       ? found.reserved
                        : row.state == SagaState::under_review ? found.under_review
                                                               : found.cancelling;
          alike.push_back(transfer_of(row, store, generation));
        }
        caf::anon_send(self, std::move(found));
      },
      [self = SagaEngineActor{self_}, generation = generation_](const std::string& reason, bool) {
        caf::anon_send(self, SagasFound{.generation = generation, .failure = reason});
      });
  if (!queued)
    look_again_ = self_->clock().now() + retry_recovery;
}

void SagaEngine::on_found(const SagasFound& found) {
  if (found.generation != generation_)
    return;
  if (!found.failure.empty()) {
    look_again_ = self_->clock().now() + retry_recovery;
    return;
  }
  for (const TransferPtr& transfer : found.reserved)
    if (is_news(transfer)) {
      reunite(transfer);
      on_reserved(transfer);
    }
  for (const TransferPtr& transfer : found.cancelling)
    if (is_news(transfer)) {
      reunite(transfer);
      on_cancelling(transfer);
    }
  for (const TransferPtr& transfer : found.under_review)
    if (is_news(transfer)) {
      reunite(transfer);
      on_under_review(transfer);
    }
  // Those that are not open any more were answered when they ended.
  waited_for_.clear();
  ended_meanwhile_.clear();
  is_looking_ = false;
}

bool SagaEngine::is_news(const TransferPtr& transfer) const {
  return !sagas_.contains(transfer->transaction->id) && !ended_meanwhile_.contains(transfer->transaction->id);
}

void SagaEngine::reunite(const TransferPtr& transfer) {
  const auto former = waited_for_.extract(transfer->transaction->id);
  if (former.empty())
    return;
  transfer->correlation = former.mapped()->take_asker();
  transfer->begun = former.mapped()->begun;
}

}  // namespace dompet
