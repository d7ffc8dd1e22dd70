#include <algorithm>
#include <vector>

#include "persistence/verify_parts.hpp"

namespace dompet::verifying {

namespace {

bool is_of(const std::optional<MergedCursor>& cursor, const TransactionId& id, int column) {
  return cursor->front() != nullptr && cursor->front()->uuid(column) == id.uuid;
}

/// Where the id stands among the journal's columns.
constexpr int journal_id_column = 9;

}  // namespace

void SagaPass::run() {
  steps_.emplace(places_, "steps",
                 "SELECT " + journal_columns() + " FROM journal j WHERE kind BETWEEN 5 AND 10" +
                     Place::only_here("shard") + " ORDER BY id, shard, shard_seq",
                 journal_id_column);
  sagas_.emplace(places_, "sagas",
                 "SELECT id, state, source, destination, amount, currency, source_shard, destination_shard FROM saga"
                 " WHERE true" +
                     Place::only_here("source_shard") + " ORDER BY id",
                 0);
  decisions_.emplace(places_, "decisions",
                     "SELECT id, outcome, wallet, amount, currency, shard FROM decision WHERE true" +
                         Place::only_here("shard") + " ORDER BY id",
                     0);
  for (;;) {
    std::optional<Uuid> next;
    const auto consider = [&](const Row* row, int column) {
      if (row != nullptr)
        next = next ? std::min(*next, row->uuid(column)) : row->uuid(column);
    };
    consider(steps_->front(), journal_id_column);
    consider(sagas_->front(), 0);
    consider(decisions_->front(), 0);
    if (!next)
      return;
    look_at_transfer({*next});
  }
}

SagaPass::Story SagaPass::take_story(const TransactionId& id) {
  Story story;
  for (; is_of(steps_, id, journal_id_column); steps_->advance()) {
    JournalRow row = journal_row(*steps_->front());
    switch (static_cast<RecordKind>(row.kind)) {
      case RecordKind::hold_placed:
        ++story.held;
        story.hold = std::move(row);
        break;
      case RecordKind::transfer_credited:
        ++story.credited;
        story.decided = std::move(row);
        break;
      case RecordKind::transfer_refused:
        ++story.refused;
        story.decided = std::move(row);
        break;
      case RecordKind::transfer_cancelling: ++story.cancelling; break;
      case RecordKind::hold_captured: ++story.captured; break;
      case RecordKind::hold_released: ++story.released; break;
      default: break;
    }
  }
  return story;
}

void SagaPass::look_at_transfer(const TransactionId& id) {
  const Story story = take_story(id);
  state_ = SagaState::none;
  look_at_saga(id, story);
  look_at_decision(id, story);
}

void SagaPass::look_at_saga(const TransactionId& id, const Story& story) {
  const std::string where = "saga " + to_string(id);
  SagaState told = SagaState::none;
  if (story.held > 0)
    told = SagaState::reserved;
  if (story.cancelling > 0)
    told = SagaState::cancelling;
  if (story.captured > 0)
    told = SagaState::settled;
  if (story.released > 0)
    told = SagaState::released;
  sagas_agree_.look(story.held <= 1 && story.captured + story.released <= 1 && story.cancelling <= 1,
                    "a transfer was held, cancelled or ended twice", where);
  const bool has_row = is_of(sagas_, id, 0);
  sagas_agree_.look(has_row == (told != SagaState::none), has_row ? "a saga has no hold" : "a hold has no saga", where);
  if (!has_row)
    return;
  const Row& row = *sagas_->front();
  state_ = static_cast<SagaState>(row.number(1));
  sagas_agree_.look(state_ == told, "a saga is not in the state that its records end in", where);
  if (story.hold) {
    const JournalRow& hold = *story.hold;
    sagas_agree_.look(row.uuid_if_any(2) == hold.wallet && row.uuid_if_any(3) == hold.peer &&
                          row.number(4) == hold.amount && row.number(5) == hold.currency && row.number(6) == hold.shard,
                      "a saga is about another transfer than its hold", where);
  }
  while (is_of(sagas_, id, 0))
    sagas_->advance();
}

void SagaPass::look_at_decision(const TransactionId& id, const Story& story) {
  const std::string where = "decision " + to_string(id);
  std::vector<Decision> decisions;
  for (; is_of(decisions_, id, 0); decisions_->advance()) {
    const Row& row = *decisions_->front();
    decisions.push_back(static_cast<Decision>(row.number(1)));
    if (!story.decided)
      continue;
    const JournalRow& decided = *story.decided;
    decided_once_.look(row.uuid_if_any(2) == decided.wallet && row.number(3) == decided.amount &&
                           row.number(4) == decided.currency && row.number(5) == decided.shard,
                       "a decision is about another transfer than its record", where);
  }
  decided_once_.look(invariants::one_decision(decisions, story.credited), where);
  const bool refused = !decisions.empty() && decisions.front() == Decision::refused;
  decided_once_.look(story.refused == (refused ? 1 : 0), "a refusal and its decision disagree", where);
  proven_.look(invariants::saga_agrees(state_, decisions.empty() ? Decision::none : decisions.front()), where);
}

void SagaPass::report(std::vector<LedgerCheck>& checks) const {
  for (const Check* check : {&sagas_agree_, &decided_once_, &proven_})
    checks.push_back(check->result());
}

}  // namespace dompet::verifying
