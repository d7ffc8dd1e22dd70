#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "http/ask.hpp"
#include "http/exchange.hpp"
#include "http/problem.hpp"
#include "http/services.hpp"

namespace dompet::http {

// From the engine's replies to HTTP's answers, for all routes alike.

void refuse(const ExchangePtr& exchange, const Problem& problem);

/// 200 with JSON, or another status.
HttpResponse json_response(std::string body, int status = 200);

/// The problem of a reply that is neither what was asked for nor a decline. `moves_money` decides whether it says
/// `applied`, and whether silence means that the outcome is unknown.
Problem problem_of(const Reply& reply, bool moves_money);

/// How a money request ended: its status and its document, which is the transaction or a problem. The document of
/// everything that is stored depends on the engine's answer alone.
struct MoneyOutcome {
  int status = 500;
  std::string document{};
  bool is_problem = true;
  bool is_replay = false;
  /// Where the transaction is to be found; empty when there is none.
  std::string location{};
  bool is_worth_retrying = false;
  /// It may have been carried out.
  bool is_unknown = false;
};

MoneyOutcome outcome_of(const Reply& reply, std::string_view instance, std::string_view request_id);
MoneyOutcome outcome_of(const Problem& problem, std::string_view instance, std::string_view request_id);
HttpResponse response_of(MoneyOutcome outcome);

/// What is left of the request's Idempotency-Key; nothing when it has none that is valid.
std::optional<KeyId> key_of(const Exchange& exchange);
/// A caller's keys are his own: another may use the same ones.
KeyId key_of(const Caller& caller, std::string_view idempotency_key);

/// Answers with the wallet, or says why not. `status` is for success.
void answer_wallet(const ExchangePtr& exchange, const Reply& reply, int status = 200);

/// Reads from the database on the query pool and answers with what `work` makes of it. `work` runs on a thread of the
/// pool; it may throw what the reader throws.
using QueryWorkForAnswer = std::function<HttpResponse(Reader& reader, const HttpRequest& request)>;
void answer_by_query(Services& services, const ExchangePtr& exchange, QueryWorkForAnswer work, int database = 0);

/// 503s of a ledger in several databases.
Problem database_silent(int database);
Problem shard_on_its_way(std::int64_t shard);

/// The `{id}` of the path as a UUID; otherwise the request is refused and nothing returned.
std::optional<Uuid> captured_id(const ExchangePtr& exchange);

}  // namespace dompet::http
