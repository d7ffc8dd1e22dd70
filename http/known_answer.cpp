#include "http/known_answer.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "http/gather.hpp"

namespace dompet::http {

namespace {

/// What a database has of a key; an empty result from one that never saw it.
using Known = std::optional<Result>;

Known look_up(Reader& reader, const Stamp& stamp) {
  auto record = reader.record_of_key(stamp.key);
  if (!record)
    return std::nullopt;
  if (record->stamp && record->stamp->fingerprint != stamp.fingerprint)
    return KeyReused{record->id};
  MoneyAnswer answer{.completed_at_ms = record->at_ms, .replayed = true};
  if (record->kind == RecordKind::hold_placed || record->kind == RecordKind::topup_begun)
    if (const auto stored = reader.transaction(record->id)) {
      answer.state = stored->state;
      answer.completed_at_ms = stored->completed_at_ms;
      answer.refusal = stored->refusal;
    }
  answer.record = std::make_shared<const Record>(std::move(*record));
  return answer;
}

}  // namespace

void outcome_unless_known(Services& services, const ExchangePtr& exchange, const Stamp& stamp, const Problem& problem,
                          std::function<void(MoneyOutcome outcome)> then) {
  gather<Known>(
      services, exchange, [stamp](Reader& reader) { return look_up(reader, stamp); },
      [exchange, problem, then = std::move(then)](Parts<Known> parts) {
        const HttpRequest& request = exchange->request;
        for (const auto& part : parts)
          if (part && *part)
            return then(outcome_of(Reply{.result = &**part}, request.path, request.request_id));
        const Problem silent{.code = "unavailable", .applied = Applied::unknown};
        then(outcome_of(is_whole(parts) ? problem : silent, request.path, request.request_id));
      });
}

void refuse_unless_known(Services& services, const ExchangePtr& exchange, const Stamp& stamp, const Problem& problem) {
  outcome_unless_known(services, exchange, stamp, problem,
                       [exchange](MoneyOutcome outcome) { exchange->answer(response_of(std::move(outcome))); });
}

}  // namespace dompet::http
