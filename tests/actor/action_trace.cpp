#include "tests/actor/action_trace.hpp"

#include <variant>

#include "actors/cluster/wire.hpp"
#include "persistence/codec.hpp"

namespace dompet::simulated {

namespace {

std::string short_id(const Uuid& id) { return to_string(id).substr(24); }

/// As the models call it.
std::string_view step_of(RecordKind kind) {
  switch (kind) {
    case RecordKind::transfer: return "reserve, credit_locally, settle_locally";
    case RecordKind::hold_placed: return "reserve";
    case RecordKind::transfer_cancelling: return "record_cancelling";
    case RecordKind::transfer_credited: return "credit";
    case RecordKind::transfer_refused: return "record_refusal";
    case RecordKind::hold_captured: return "settle";
    case RecordKind::hold_released: return "release";
    case RecordKind::topup: return "top up";
    case RecordKind::declined: return "decline";
    case RecordKind::payment_authorized: return "authorize";
    case RecordKind::payment_incremented: return "increment";
    case RecordKind::payment_voided: return "void";
    case RecordKind::topup_begun: return "begin a top-up";
    case RecordKind::topup_refused: return "refuse a top-up";
    default: return "change a wallet";
  }
}

struct AnswerWords {
  std::string operator()(const WalletHistory& history) const {
    return "tell balance of " + short_id(history.wallet.id.uuid) + " at " + std::to_string(history.seq);
  }
  std::string operator()(const Decline& decline) const { return "tell refusal, " + std::string{code(decline)}; }
  std::string operator()(const MoneyAnswer& money) const {
    const char* what = money.state == SagaState::settled ? "tell_success " : "tell_failure ";
    return (is_final(money.state) ? what : "tell that it goes on ") + short_id(money.record->id.uuid) +
           (money.replayed ? ", replayed" : "");
  }
  std::string operator()(const KeyReused& reused) const {
    return "tell that the key was used for " + short_id(reused.original.uuid);
  }
  std::string operator()(const NotNow& word) const {
    return (word.may_be_applied ? "tell that it is in doubt: " : "tell that it was not applied: ") + word.reason;
  }
  std::string operator()(const SagaReport& report) const {
    return std::string{"tell that a saga is "} + (report.open ? "open" : "not open");
  }
};

struct FrameWords {
  std::string operator()(const CreditAsk& ask) const {
    return std::string{ask.cancel ? "send_cancel " : "send_credit "} + short_id(ask.transaction->id.uuid);
  }
  std::string operator()(const RemoteProof& proof) const {
    return std::string{proof.outcome == Decision::credited ? "answer_credited " : "answer_refused "} +
           short_id(proof.saga.uuid);
  }
  std::string operator()(const RemoteNoProof& word) const {
    return "no proof, " + std::string{name_of(word.reason)} + " " + short_id(word.saga.uuid);
  }
  std::string operator()(const RemoteRequest& request) const {
    const auto* money = std::get_if<MoveMoneyRequest>(&request.request);
    return "forward request " + std::to_string(request.correlation) +
           (money ? " " + short_id(money->transaction->id.uuid) : "");
  }
  std::string operator()(const RemoteAnswer& answer) const {
    return "answer request " + std::to_string(answer.correlation);
  }
  std::string operator()(const RemoteNotOwner& word) const {
    return "not owner of shard " + std::to_string(word.shard) + ", request " + std::to_string(word.correlation);
  }
  std::string operator()(const ShardGiven& given) const {
    return "shard " + std::to_string(given.shard) + " given, epoch " + std::to_string(given.epoch);
  }
};

}  // namespace

void ActionTrace::note(std::int64_t at_ms, std::string_view where, const std::string& what) {
  if (!is_enabled_)
    return;
  if (first_ms_ == 0)
    first_ms_ = at_ms;
  lines_.push_back(std::to_string(at_ms - first_ms_) + " ms\t" + std::string{where} + "\t" + what);
  if (lines_.size() > kept_actions)
    lines_.pop_front();
}

void ActionTrace::note_batch(std::int64_t at_ms, std::string_view where, const Batch& batch, std::string_view outcome) {
  if (!is_enabled_)
    return;
  for (const JournalRow& row : batch.journal)
    note(at_ms, where,
         std::string{step_of(static_cast<RecordKind>(row.kind))} + " " + short_id(row.id) + " in shard " +
             std::to_string(row.shard) + " at " + std::to_string(row.shard_seq) + ", epoch " +
             std::to_string(row.epoch) + ": " + std::string{outcome});
  if (batch.journal.empty())
    note(at_ms, where, "commit of a barrier: " + std::string{outcome});
}

void ActionTrace::note_frame(std::int64_t at_ms, std::string_view where, std::string_view to,
                             const std::string& frame) {
  if (is_enabled_)
    note(at_ms, where, "→ " + std::string{to} + ": " + std::visit(FrameWords{}, decode_remote(frame)));
}

void ActionTrace::note_answer(std::int64_t at_ms, const Answer& answer) {
  if (is_enabled_)
    note(at_ms, "client", std::visit(AnswerWords{}, answer.result) + " (" + std::to_string(answer.correlation) + ")");
}

std::string ActionTrace::text() const {
  std::string all;
  for (const std::string& line : lines_)
    all += line + "\n";
  return all;
}

}  // namespace dompet::simulated
