#include <chrono>
#include <memory>
#include <utility>

#include "http/access/access.hpp"
#include "http/access/identity.hpp"
#include "http/answers.hpp"
#include "http/bill_payment.hpp"
#include "http/body_money.hpp"
#include "http/card_guesses.hpp"
#include "http/directory.hpp"
#include "http/id_source.hpp"
#include "http/known_answer.hpp"
#include "http/ownership.hpp"
#include "http/quote_use.hpp"
#include "http/router.hpp"
#include "http/routes.hpp"
#include "http/timestamp.hpp"
#include "persistence/card_safe.hpp"

// A payment: who is paid, by what right, and from which wallet. Whether the money is there is the wallet's business.

namespace dompet::http::routes {

namespace {

/// A payment on its way to the engine.
struct Paying {
  ExchangePtr exchange;
  PaymentBody body;
  KeyId key;
  /// Why the merchant cannot be paid now.
  std::optional<Problem> fault{};
};
using PayingPtr = std::shared_ptr<Paying>;

/// Of what was asked for: which wallets merchant and card stand for is none of it.
Stamp stamp_of(const Paying& paying) {
  Transaction asked = paying.body.transaction;
  asked.source = paying.body.wallet;
  asked.destination = {};
  return {paying.key, fingerprint_of(paying.exchange->route->path, asked)};
}

void send(Services& services, const PayingPtr& paying) {
  const Stamp stamp = stamp_of(*paying);
  Transaction transaction = paying->body.transaction;
  transaction.id = {paying->exchange->request.id};
  if (transaction.manual_capture)
    transaction.expires_at_ms =
        unix_ms_of(transaction.id.uuid) +
        std::chrono::duration_cast<std::chrono::milliseconds>(services.settings.authorization_lifetime).count();
  const auto then = [&services, exchange = paying->exchange](const Reply& reply) {
    answer_payment(services, exchange, reply);
  };
  if (paying->body.card)
    move_money_by_right(services, paying->exchange, std::move(transaction), stamp, then);
  else
    move_money(services, paying->exchange, std::move(transaction), stamp, then);
}

void send_unless_faulty(Services& services, const PayingPtr& paying) {
  if (paying->fault)
    return refuse_unless_known(services, paying->exchange, paying->body.transaction, stamp_of(*paying), *paying->fault);
  if (!paying->body.transaction.fx)
    return send(services, paying);
  use_quote(services, paying->exchange, paying->body.transaction, paying->key, stamp_of(*paying).fingerprint,
            [&services, paying](const UsedQuote& used) {
              if (used.fault)
                return refuse_unless_known(services, paying->exchange, paying->body.transaction, stamp_of(*paying),
                                           *used.fault);
              paying->body.transaction.fx = used.conversion();
              send(services, paying);
            });
}

/// The first moment of the month behind the one that is printed.
std::int64_t end_of(const CardShown& card) {
  using namespace std::chrono;
  const year_month next = year{card.year} / month{static_cast<unsigned>(card.month)} + months{1};
  return duration_cast<milliseconds>(sys_days{next / day{1}}.time_since_epoch()).count();
}

/// "2030-11-30": the last day that the card is valid.
std::string last_day(const CardFacts& facts) { return format_time(facts.expires_at_ms - 1).substr(0, 10); }

/// Whether what was shown is what is printed on the card. Compared in full, however early it differs.
bool is_shown_right(Services& services, const CardShown& shown, const CardFacts& facts) {
  const std::string cvv = CardSafe(services.identity.vault()).cvv_of(shown.number, last_day(facts));
  unsigned difference = cvv.size() == shown.cvv.size() ? 0U : 1U;
  for (std::size_t i = 0; i < cvv.size() && i < shown.cvv.size(); ++i)
    difference |= static_cast<unsigned>(cvv[i] ^ shown.cvv[i]);
  return difference == 0 && end_of(shown) == facts.expires_at_ms;
}

/// Why the card cannot be used, with the same word for everything that a thief would like to know.
std::optional<Problem> fault_of(Services& services, const Paying& paying, const CardFacts& facts) {
  const auto now = CardGuesses::Clock::now();
  if (services.card_guesses.is_locked(facts.card, now))
    return Problem{.code = "card_refused"};
  if (!is_shown_right(services, *paying.body.card, facts)) {
    services.card_guesses.count_wrong(facts.card, now);
    return Problem{.code = "card_refused"};
  }
  services.card_guesses.forget(facts.card);
  const bool is_holder = may_touch(*paying.exchange, facts.user.uuid);
  if (paying.exchange->caller.kind == Caller::Kind::user && !is_holder)
    return Problem{.code = "card_refused"};
  if (facts.is_frozen || facts.is_trashed || !facts.is_users_to_use)
    return Problem{.code = "card_blocked"};
  if (!facts.is_usable(wall_clock_ms()))
    return Problem{.code = "card_refused"};
  return std::nullopt;
}

void pay_by_card(Services& services, const PayingPtr& paying) {
  services.directory.card(services, paying->exchange, paying->body.card->number,
                          [&services, paying](const Looked<CardFacts>& looked) {
                            if (!looked)
                              return refuse(paying->exchange, looked.error());
                            if (!*looked)
                              return refuse(paying->exchange, {.code = "card_refused"});
                            const CardFacts& facts = **looked;
                            paying->body.transaction.card = facts.card;
                            paying->body.transaction.source = facts.wallet;
                            if (!paying->fault)
                              paying->fault = fault_of(services, *paying, facts);
                            send_unless_faulty(services, paying);
                          });
}

/// A merchant's own key says who is paid; a customer names the merchant.
Read<MerchantId> merchant_of(const Exchange& exchange, const PaymentBody& body) {
  const bool is_merchant = exchange.caller.kind == Caller::Kind::merchant;
  if (is_merchant && body.merchant != MerchantId{} && body.merchant.uuid != exchange.caller.merchant)
    return std::unexpected(invalid({{"merchant_id", "invalid_field", "The API key is another merchant's."}}));
  if (is_merchant && !body.card)
    return std::unexpected(
        Problem{.code = "forbidden",
                .detail = "A payment from a wallet is its owner's to make, with his own token and the merchant_id."});
  if (is_merchant)
    return MerchantId{exchange.caller.merchant};
  if (body.merchant == MerchantId{})
    return std::unexpected(invalid({{"merchant_id", "missing_field", "Whom the payment is for."}}));
  return body.merchant;
}

void begin(Services& services, const ExchangePtr& exchange, PaymentBody body, const KeyId& key) {
  const auto merchant = merchant_of(*exchange, body);
  if (!merchant)
    return refuse(exchange, merchant.error());
  body.transaction.merchant = *merchant;
  body.transaction.source = body.wallet;
  const auto paying = std::make_shared<Paying>(Paying{exchange, std::move(body), key, {}});
  services.directory.merchant(services, exchange, *merchant, [&services, paying](const Looked<MerchantFacts>& looked) {
    if (!looked)
      return refuse(paying->exchange, looked.error());
    if (!*looked)
      return refuse(paying->exchange, {.code = "merchant_not_found"});
    paying->body.transaction.destination = (*looked)->wallet;
    if (!(*looked)->may_be_paid())
      paying->fault = Problem{.code = "merchant_not_active"};
    if (paying->body.card)
      pay_by_card(services, paying);
    else
      send_unless_faulty(services, paying);
  });
}

bool may_take_payments(const Caller& merchant) {
  const auto permission = find_permission("payments:write");
  return permission && merchant.permissions.grant(*permission) != Grant::none;
}

/// A merchant's server that passes the customer's token on says with its own key who is paid.
void begin_by_key(Services& services, const ExchangePtr& exchange, std::string_view api_key, PaymentBody body,
                  const KeyId& key) {
  services.directory.key(services, exchange, api_key,
                         [&services, exchange, body = std::move(body), key](const Looked<KeyFacts>& looked) mutable {
                           if (!looked)
                             return refuse(exchange, looked.error());
                           if (!*looked || (*looked)->is_expired(wall_clock_ms()) ||
                               !may_take_payments((*looked)->caller))
                             return refuse(exchange, {.code = "invalid_api_key"});
                           body.merchant = {(*looked)->caller.merchant};
                           begin(services, exchange, std::move(body), key);
                         });
}

}  // namespace

void pay(Services& services, const ExchangePtr& exchange) {
  auto body = read_payment(exchange->request.body);
  if (!body)
    return refuse(exchange, body.error());
  const auto key = key_of(*exchange);
  if (!key)
    return refuse(exchange, {.code = "invalid_idempotency_key"});
  if (!body->va_number.empty())
    return pay_bill(services, exchange, std::move(*body), *key);
  const auto api_key = exchange->request.header("X-Api-Key");
  if (api_key && exchange->caller.kind == Caller::Kind::user && body->merchant == MerchantId{})
    return begin_by_key(services, exchange, *api_key, std::move(*body), *key);
  begin(services, exchange, std::move(*body), *key);
}

}  // namespace dompet::http::routes
