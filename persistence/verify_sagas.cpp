#include <algorithm>
#include <vector>

#include "persistence/verify_parts.hpp"

namespace dompet::verifying {

namespace {

bool is_of(const std::optional<MergedCursor>& cursor, const TransactionId& id, int column) {
  return cursor->front() != nullptr && cursor->front()->uuid(column) == id.uuid;
}

bool is_to_be_reviewed(const JournalRow& row) {
  return row.risk && *row.risk >= risk_column(RiskAction::review, 0) && *row.risk < risk_column(RiskAction::block, 0);
}

/// What an unreadable row is, the streams' pass has said already.
TransactionKind kind_of(const JournalRow& row) {
  try {
    const Record record = decode(row);
    return record.transaction ? record.transaction->kind : TransactionKind::transfer;
  } catch (const Unreadable&) {
    return TransactionKind::transfer;
  }
}

bool has_reason(const std::optional<JournalRow>& row) {
  try {
    return row && decode(*row).decline.has_value();
  } catch (const Unreadable&) {
    return true;
  }
}

/// What the record of a decision says that the destination gets or would have got.
Money credit_in(const JournalRow& row) {
  try {
    const Record record = decode(row);
    return record.transaction ? credit_of(*record.transaction) : Money{};
  } catch (const Unreadable&) {
    return {};
  }
}

/// Where the id stands among the journal's columns.
constexpr int journal_id_column = 9;

}  // namespace

void SagaPass::run() {
  steps_.emplace(places_, "steps",
                 "SELECT " + journal_columns() +
                     " FROM journal j WHERE (kind BETWEEN 5 AND 10 OR kind IN (14, 15, 16) OR"
                     " kind = 2 AND id IN (SELECT id FROM saga))" +
                     Place::only_here("shard") + " ORDER BY id, shard, shard_seq",
                 journal_id_column);
  sagas_.emplace(
      places_, "sagas",
      "SELECT id, state, source, destination, amount, currency, source_shard, destination_shard, kind FROM saga"
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
      case RecordKind::topup_begun:
        ++(row.kind == static_cast<std::int16_t>(RecordKind::topup_begun) ? story.begun : story.held);
        story.kind = kind_of(row);
        story.is_to_be_reviewed = is_to_be_reviewed(row);
        story.hold = std::move(row);
        break;
      case RecordKind::topup: ++story.confirmed; break;
      case RecordKind::topup_refused:
        ++story.rejected;
        story.refused_by = std::move(row);
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
      case RecordKind::review_approved: ++story.approved; break;
      case RecordKind::hold_captured: ++story.captured; break;
      case RecordKind::hold_released:
        ++story.released;
        story.refused_by = std::move(row);
        break;
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
  if (story.held + story.begun > 0)
    told = story.is_to_be_reviewed && story.approved == 0 ? SagaState::under_review : SagaState::reserved;
  if (story.cancelling > 0)
    told = SagaState::cancelling;
  if (story.captured + story.confirmed > 0)
    told = SagaState::settled;
  if (story.released + story.rejected > 0)
    told = SagaState::released;
  const int ends = story.captured + story.confirmed + story.released + story.rejected;
  sagas_agree_.look(story.held + story.begun <= 1 && ends <= 1 && story.cancelling <= 1,
                    "a transfer was held, cancelled or ended twice", where);
  const bool is_credited = story.credited + story.captured + story.confirmed > 0;
  reviewed_.look(invariants::review_is_kept(story.is_to_be_reviewed, story.approved, is_credited), where);
  const bool has_row = is_of(sagas_, id, 0);
  sagas_agree_.look(has_row == (told != SagaState::none), has_row ? "a saga has no hold" : "a hold has no saga", where);
  if (!has_row)
    return;
  const Row& row = *sagas_->front();
  state_ = static_cast<SagaState>(row.number(1));
  sagas_agree_.look(state_ == told, "a saga is not in the state that its records end in", where);
  look_at_row(row, story, where);
  while (is_of(sagas_, id, 0))
    sagas_->advance();
}

void SagaPass::look_at_row(const Row& row, const Story& story, const std::string& where) {
  if (!story.hold)
    return;
  const JournalRow& hold = *story.hold;
  const auto is = [&row](int column, const std::optional<Uuid>& wallet) {
    return row.uuid(column) == wallet.value_or(Uuid{});
  };
  const bool topup = story.begun > 0;
  sagas_agree_.look(is(2, topup ? hold.peer : hold.wallet) && is(3, topup ? hold.wallet : hold.peer) &&
                        row.number(4) == hold.amount && row.number(5) == hold.currency && row.number(6) == hold.shard &&
                        row.number(8) == static_cast<std::int64_t>(story.kind),
                    "a saga is about another transfer than its hold", where);
}

/// A provider decides only once, and there is a reason for what it refused.
void SagaPass::look_at_provider(const TransactionId& id, const Story& story) {
  const std::string where = "saga " + to_string(id);
  decided_once_.look(story.credited + story.refused == 0, "what a provider decides was decided by a wallet", where);
  proven_.look(story.released + story.rejected == 0 || has_reason(story.refused_by),
               "money came back from a provider that did not refuse it", where);
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
    const Money credit = credit_in(decided);
    decided_once_.look(row.uuid_if_any(2) == decided.wallet && row.number(3) == credit.amount &&
                           row.number(4) == credit.currency.numeric && row.number(5) == decided.shard,
                       "a decision is about another transfer than its record", where);
  }
  decided_once_.look(invariants::one_decision(decisions, story.credited), where);
  const bool refused = !decisions.empty() && decisions.front() == Decision::refused;
  decided_once_.look(story.refused == (refused ? 1 : 0), "a refusal and its decision disagree", where);
  if (story.is_with_provider()) {
    decided_once_.look(decisions.empty(), "what a provider decides is in the register", where);
    return look_at_provider(id, story);
  }
  proven_.look(invariants::saga_agrees(state_, decisions.empty() ? Decision::none : decisions.front()), where);
}

void SagaPass::report(std::vector<LedgerCheck>& checks) const {
  for (const Check* check : {&sagas_agree_, &reviewed_, &decided_once_, &proven_})
    checks.push_back(check->result());
}

}  // namespace dompet::verifying
