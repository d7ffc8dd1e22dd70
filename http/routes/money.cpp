#include <algorithm>
#include <utility>

#include "http/answers.hpp"
#include "http/body_money.hpp"
#include "http/destination.hpp"
#include "http/known_answer.hpp"
#include "http/ownership.hpp"
#include "http/quote_use.hpp"
#include "http/router.hpp"
#include "http/routes.hpp"
#include "http/staff_record.hpp"
#include "http/topup_methods.hpp"

// Top-ups, transfers, withdrawals: one wallet of the caller's at least.

namespace dompet::http::routes {

namespace {

/// Asks once, and answers with what the engine said.
void move(Services& services, const ExchangePtr& exchange, Transaction transaction, const Stamp& stamp) {
  transaction.id = {exchange->request.id};
  move_money(services, exchange, std::move(transaction), stamp, [exchange](const Reply& reply) {
    const HttpRequest& request = exchange->request;
    MoneyOutcome outcome = outcome_of(reply, request.path, request.request_id);
    note_made(*exchange, outcome, request.id);
    exchange->answer(response_of(std::move(outcome)));
  });
}

/// The request's key with the fingerprint of what it asks for; otherwise the request is refused.
std::optional<Stamp> stamp_of(const ExchangePtr& exchange, const Transaction& asked) {
  const auto key = key_of(*exchange);
  if (key)
    return Stamp{*key, fingerprint_of(exchange->route->path, asked)};
  refuse(exchange, {.code = "invalid_idempotency_key"});
  return std::nullopt;
}

void move(Services& services, const ExchangePtr& exchange, Transaction transaction) {
  if (const auto stamp = stamp_of(exchange, transaction))
    move(services, exchange, std::move(transaction), *stamp);
}

/// A transfer to whoever a card number or a name stands for.
void transfer_to_named(Services& services, const ExchangePtr& exchange, const KeyId& key, const TransferBody& body,
                       const std::optional<Problem>& fault) {
  find_destination(services, exchange, body.destination, credit_of(body.transaction).currency,
                   [&services, exchange, key, fault, transfer = body.transaction](auto found) mutable {
                     if (!found)
                       return refuse(exchange, found.error());
                     const Stamp stamp{key, fingerprint_of(exchange->route->path, transfer, found->text)};
                     if (fault)
                       return refuse_unless_known(services, exchange, transfer, stamp, *fault);
                     if (found->wallet.uuid.is_nil())
                       return refuse_unless_known(services, exchange, transfer, stamp,
                                                  {.code = "destination_not_found"});
                     transfer.destination = found->wallet;
                     move(services, exchange, std::move(transfer), stamp);
                   });
}

/// Goes on with a transfer whose quote, if it has one, was looked up; `fault` is what stands against it.
void transfer_now(Services& services, const ExchangePtr& exchange, const KeyId& key, const TransferBody& body,
                  const std::optional<Problem>& fault) {
  if (body.destination.is_given())
    return transfer_to_named(services, exchange, key, body, fault);
  const Stamp stamp{key, fingerprint_of(exchange->route->path, body.transaction)};
  if (fault)
    return refuse_unless_known(services, exchange, body.transaction, stamp, *fault);
  move(services, exchange, body.transaction, stamp);
}

Minor least_topup(const Settings& settings, const Currency& currency) {
  const auto named = std::ranges::find(settings.minimum_topup, currency, &LeastTopup::currency);
  return named == settings.minimum_topup.end() ? 0 : named->amount;
}

}  // namespace

void top_up(Services& services, const ExchangePtr& exchange) {
  auto topup = read_topup(exchange->request.body);
  if (!topup)
    return refuse(exchange, topup.error());
  const Minor least = least_topup(services.settings, topup->currency);
  if (topup->amount < least)
    return refuse(exchange, invalid({{"amount", "amount_too_small",
                                      "The least top-up is " + format_amount(least, topup->currency) + "."}}));
  move(services, exchange, std::move(*topup));
}

void transfer(Services& services, const ExchangePtr& exchange) {
  auto body = read_transfer(exchange->request.body);
  if (!body)
    return refuse(exchange, body.error());
  const auto key = key_of(*exchange);
  if (!key)
    return refuse(exchange, {.code = "invalid_idempotency_key"});
  if (!body->transaction.fx)
    return transfer_now(services, exchange, *key, *body, std::nullopt);
  use_quote(services, exchange, body->transaction, *key, fingerprint_of(exchange->route->path, body->transaction),
            [&services, exchange, key = *key, body = *body](const UsedQuote& used) mutable {
              body.transaction.fx = used.conversion();
              transfer_now(services, exchange, key, body, used.fault);
            });
}

void withdraw(Services& services, const ExchangePtr& exchange) {
  auto withdrawal = read_withdrawal(exchange->request.body);
  if (!withdrawal)
    return refuse(exchange, withdrawal.error());
  withdrawal->method = payout_method;
  move(services, exchange, std::move(*withdrawal));
}

void list_topup_methods(Services&, const ExchangePtr& exchange) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("data").begin_array();
  for (const std::string_view method : topup_methods)
    json.begin_object().plain("method", method).end_object();
  json.end_array().key("next_cursor").null().end_object();
  exchange->answer(json_response(std::move(text)));
}

}  // namespace dompet::http::routes
