#include "http/answers.hpp"

#include <utility>

#include "config/logging.hpp"
#include "domain/ensure.hpp"
#include "http/body.hpp"
#include "http/id_source.hpp"
#include "http/render.hpp"
#include "http/router.hpp"
#include "persistence/codec.hpp"

namespace dompet::http {

namespace {

constexpr std::string_view retry_after_s = "1";

/// Whoever of the two ends of a query is first takes the exchange out, so that the pool keeps no part of it.
using Carried = std::shared_ptr<ExchangePtr>;

void hand_back(Ask& ask, const Carried& carried, HttpResponse response) {
  if (*carried == nullptr)
    return;
  auto kept = std::make_shared<HttpResponse>(std::move(response));
  ask.post([exchange = std::exchange(*carried, nullptr), kept] { exchange->answer(std::move(*kept)); });
}

Problem silence(NoAnswer absence, bool moves_money) {
  if (absence == NoAnswer::key_reused)
    return {.code = "idempotency_key_reused", .detail = "A request with this key and other content is under way."};
  if (absence == NoAnswer::in_progress)
    return {.code = "in_progress"};
  if (!moves_money)
    return {.code = "unavailable", .detail = "The wallet did not answer in time."};
  return {.code = "outcome_unknown", .applied = Applied::unknown};
}

Problem refusal_for_now(const NotNow& reason, bool moves_money) {
  const bool is_risk = reason.cause == NotNow::Cause::risk;
  Problem problem{.code = reason.may_be_applied ? "outcome_unknown"
                          : is_risk             ? "risk_unavailable"
                                                : "unavailable",
                  .detail = reason.reason};
  if (moves_money)
    problem.applied = reason.may_be_applied ? Applied::unknown : Applied::no;
  return problem;
}

/// What a client hears of an act on a payment is the payment, which is not new.
int status_code_of(const TransactionView& view) {
  if (is_under_way(view))
    return 202;
  return is_act_on_payment(view.record.transaction->kind) ? 200 : 201;
}

/// A payment that was voided is cancelled too, and that is what was asked for; what was called off says why.
bool is_refusal(const TransactionView& view) {
  const TransactionStatus status = status_of(view);
  return status == TransactionStatus::declined || status == TransactionStatus::failed ||
         (status == TransactionStatus::cancelled && view.refusal);
}

MoneyOutcome outcome_of(const MoneyAnswer& answer, bool joined) {
  const TransactionView view = view_of(answer);
  const TransactionId id = shown_id(*answer.record);
  MoneyOutcome outcome;
  if (is_refusal(view)) {
    // Of a declined transaction the document names the transaction only, so neither of these shows.
    outcome = http::outcome_of(declined(decline_of(view).value_or(Decline::cancelled), id), {}, {});
  } else {
    outcome.status = status_code_of(view);
    outcome.document = render_transaction(view);
    outcome.is_problem = false;
  }
  outcome.location = "/v1/transactions/" + to_string(id);
  outcome.is_replay = answer.replayed || joined;
  return outcome;
}

}  // namespace

KeyId key_of(const Caller& caller, std::string_view idempotency_key) {
  return key_id(caller.client(), idempotency_key);
}

std::optional<KeyId> key_of(const Exchange& exchange) {
  const HttpRequest& request = exchange.request;
  const auto sent = request.header("Idempotency-Key");
  const auto key = sent ? read_idempotency_key(*sent) : std::nullopt;
  if (!key || request.count("Idempotency-Key") > 1)
    return std::nullopt;
  return key_of(exchange.caller, *key);
}

void refuse(const ExchangePtr& exchange, const Problem& problem) {
  exchange->answer(respond(problem, exchange->request));
}

HttpResponse json_response(std::string body, int status) {
  return {.status = status, .content_type = "application/json", .body = std::move(body)};
}

Problem problem_of(const Reply& reply, bool moves_money) {
  if (reply.result == nullptr)
    return silence(reply.absence, moves_money);
  if (const auto* not_now = std::get_if<NotNow>(reply.result))
    return refusal_for_now(*not_now, moves_money);
  if (const auto* decline = std::get_if<Decline>(reply.result))
    return declined(*decline);
  if (const auto* reused = std::get_if<KeyReused>(reply.result))
    return {.code = "idempotency_key_reused",
            .detail = "The key belongs to transaction " + to_string(reused->original) + "."};
  throw Bug("the engine answers what it was asked");
}

MoneyOutcome outcome_of(const Reply& reply, std::string_view instance, std::string_view request_id) {
  if (reply.result != nullptr)
    if (const auto* answer = std::get_if<MoneyAnswer>(reply.result))
      return outcome_of(*answer, reply.joined);
  return outcome_of(problem_of(reply, true), instance, request_id);
}

MoneyOutcome outcome_of(const Problem& problem, std::string_view instance, std::string_view request_id) {
  const ProblemType& type = problem_type(problem.code);
  MoneyOutcome outcome;
  outcome.status = type.status;
  outcome.document = document(problem, instance, request_id);
  outcome.is_worth_retrying = type.retryable;
  outcome.is_unknown = problem.applied == Applied::unknown;
  return outcome;
}

HttpResponse response_of(MoneyOutcome outcome) {
  HttpResponse response{.status = outcome.status,
                        .content_type = outcome.is_problem ? "application/problem+json" : "application/json",
                        .body = std::move(outcome.document)};
  if (!outcome.location.empty())
    response.headers.emplace_back("Location", std::move(outcome.location));
  if (outcome.is_replay)
    response.headers.emplace_back("Idempotent-Replayed", "true");
  if (outcome.is_worth_retrying)
    response.headers.emplace_back("Retry-After", retry_after_s);
  return response;
}

void answer_wallet(const ExchangePtr& exchange, const Reply& reply, int status) {
  const auto* history = reply.result == nullptr ? nullptr : std::get_if<WalletHistory>(reply.result);
  if (history == nullptr) {
    refuse(exchange, problem_of(reply, exchange->route->load == Load::write));
    return;
  }
  HttpResponse response = json_response(render_wallet(*history, wall_clock_ms()), status);
  if (status == 201)
    response.headers.emplace_back("Location", "/v1/wallets/" + to_string(history->wallet.id));
  exchange->answer(std::move(response));
}

Problem database_silent(int database) {
  return {.code = "database_unavailable", .detail = "Database " + std::to_string(database) + " cannot answer now."};
}

Problem shard_on_its_way(std::int64_t shard) {
  return {.code = "database_unavailable",
          .detail = "Shard " + std::to_string(shard) + " is on its way from one database to another."};
}

void answer_by_query(Services& services, const ExchangePtr& exchange, QueryWorkForAnswer work, int database) {
  const auto carried = std::make_shared<ExchangePtr>(exchange);
  Ask& ask = services.ask;
  const bool is_taken = services.engine.query(
      [&ask, carried, work = std::move(work)](Reader& reader) {
        hand_back(ask, carried, work(reader, (*carried)->request));
      },
      [&ask, carried, database, is_only = services.engine.databases() == 1](const std::string& reason) {
        if (*carried == nullptr)
          return;
        const HttpRequest& request = (*carried)->request;
        log_event(LogLevel::warning, "a query failed",
                  {{"request_id", request.request_id}, {"database", database}, {"reason", reason}});
        const Problem only{.code = "unavailable", .detail = "The database cannot answer now."};
        hand_back(ask, carried, respond(is_only ? only : database_silent(database), request));
      },
      database);
  if (!is_taken) {
    services.metrics.count(Shed::overloaded);
    refuse(exchange, {.code = "overloaded"});
  }
}

std::optional<Uuid> captured_id(const ExchangePtr& exchange) {
  const auto id = parse_uuid(exchange->captures[0]);
  if (!id)
    refuse(exchange, {.code = "invalid_id", .detail = "The id in the path is not a UUID in canonical text form."});
  return id;
}

}  // namespace dompet::http
