#include <spdlog/spdlog.h>

#include "actors/saga_engine.hpp"
#include "actors/wallet.hpp"

// SagaEngine's side of withdrawals and top-ups: a provider stands where another saga has a destination (protocol 5.5,
// external legs). Its word is the proof, and nothing but its word: no time limit releases anything.

namespace dompet {

void SagaEngine::ask_provider(const Saga& saga, bool cancel) {
  if (node_->provider == nullptr)
    return;
  const Transaction& request = *saga.transfer->transaction;
  node_->provider->ask({.id = request.id,
                        .kind = request.kind,
                        .cancel = cancel,
                        .currency = request.currency,
                        .amount = request.amount,
                        .wallet = first_wallet(request),
                        .method = request.method,
                        .account = request.payout_account,
                        .source_shard = shard_,
                        .attempt = saga.attempts});
}

void SagaEngine::on_provider_word(const ProviderWord& message) {
  const ProviderWordRequest& word = message.word;
  const auto place = sagas_.find(word.saga);
  const bool is_open = place != sagas_.end() && asks_provider(place->second.transfer->transaction->kind);
  if (is_open)
    hear_provider(place->second, word);
  else
    hear_after_end(word);
  node_->answer(message.correlation, SagaReport{.open = is_open});
}

/// A top-up that is being cancelled ends only when the money went back: that it had come is no news, and may be said
/// late.
void SagaEngine::hear_provider(Saga& saga, const ProviderWordRequest& word) {
  const bool says = word.known && word.outcome != Decision::none;
  // Nobody asked it yet. Whatever it says is about something else, or wrong.
  if (saga.state == SagaState::under_review) {
    if (says)
      note_contradiction(*node_, word);
    return;
  }
  close_attempt(saga, says ? name_of(word.outcome) : "unknown");
  store_attempts(saga);
  const SagaInput input = word.outcome == Decision::credited ? SagaInput::credited : SagaInput::refused;
  if (saga.finishing) {
    if (says && step(saga.finishing->next, input).action == SagaAction::raise_alarm)
      note_contradiction(*node_, word);
    return;
  }
  const bool is_old_news = input == SagaInput::credited && saga.state == SagaState::cancelling &&
                           saga.transfer->transaction->kind == TransactionKind::topup;
  if (!says || is_old_news)
    return hear(saga, SagaInput::no_answer);
  hear(saga, input, saga.refusal ? saga.refusal : word.reason);
}

/// What is over stays as it is. Whether the word contradicts it is of interest to people, who look the money up with
/// the provider.
void SagaEngine::hear_after_end(const ProviderWordRequest& word) {
  const bool says = word.known && word.outcome != Decision::none;
  if (!says || is_looking_ || generation_ == 0)
    return;
  node_->pool_of(shard_).scan(
      [node = node_, word](RecoveryStore& store) {
        const auto stored = store.transaction(word.saga);
        const SagaInput input = word.outcome == Decision::credited ? SagaInput::credited : SagaInput::refused;
        const bool is_over = stored && stored->record.transaction && asks_provider(stored->record.transaction->kind) &&
                             is_final(stored->state);
        if (is_over && step(stored->state, input).action == SagaAction::raise_alarm)
          note_contradiction(*node, word);
      },
      [](const std::string&, bool) {});
}

void SagaEngine::note_contradiction(Node& node, const ProviderWordRequest& word) {
  node.counters.provider_contradictions += 1;
  spdlog::error("a provider says of {} that it is {}, and it ended otherwise", to_string(word.saga),
                name_of(word.outcome));
}

/// Nothing was credited. The provider is asked to take the money back.
void SagaEngine::on_cannot_take(const CannotTake& message) {
  const auto place = sagas_.find(message.transfer->transaction->id);
  if (place == sagas_.end() || place->second.transfer != message.transfer || !place->second.finishing)
    return;
  Saga& saga = place->second;
  saga.finishing.reset();
  saga.refusal = message.reason;
  hear(saga, saga.state == SagaState::reserved ? SagaInput::cancel_requested : SagaInput::no_answer);
}

/// A refused top-up has no wallet to go through: nothing was set aside.
void SagaEngine::append_topup_refused(Saga& saga) {
  auto entry = std::make_shared<LaneEntry>();
  entry->record = std::make_shared<Record>();
  entry->record->kind = RecordKind::topup_refused;
  entry->record->id = saga.transfer->transaction->id;
  entry->record->transaction = saga.transfer->transaction;
  entry->record->shard = shard_;
  entry->record->decline = saga.finishing->refusal;
  entry->generation = generation_;
  entry->saga = saga_change(*saga.transfer, saga.finishing->expected, SagaState::released);
  entry->when_durable = tell_end(node_, *saga.finishing);
  node_->append(shard_, std::move(entry));
  schedule(saga, node_->settings.attempt_timeout);
}

}  // namespace dompet
