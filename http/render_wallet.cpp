#include "domain/spending.hpp"
#include "http/limit_names.hpp"
#include "http/render.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

void append_limit(JsonWriter& json, std::string_view name, const std::optional<Minor>& limit,
                  const Currency& currency) {
  if (limit)
    json.plain(name, format_amount(*limit, currency));
  else
    json.key(name).null();
}

void append_periods(JsonWriter& json, const PeriodLimits& limits, const Currency& currency) {
  for (const auto& [name, period] : period_names)
    append_limit(json, name, limits.*period, currency);
}

/// Only the kinds that have a limit of their own.
void append_by_kind(JsonWriter& json, const Limits& limits, const Currency& currency) {
  json.key("by_kind").begin_object();
  for (std::size_t kind = 0; kind < counted_spending_kinds; ++kind) {
    if (limits.out_by_kind[kind] == PeriodLimits{})
      continue;
    json.key(spending_kind_names[kind]).begin_object();
    append_periods(json, limits.out_by_kind[kind], currency);
    json.end_object();
  }
  json.end_object();
}

void append_spent(JsonWriter& json, const Wallet& wallet, std::int64_t at_ms) {
  const SpentTotals spent = spent_on(wallet.spent, day_of(at_ms));
  json.key("spent").begin_object();
  json.plain("day", format_amount(spent.day, wallet.currency))
      .plain("week", format_amount(spent.week, wallet.currency));
  json.plain("month", format_amount(spent.month, wallet.currency)).end_object();
}

}  // namespace

void append_limits(JsonWriter& json, const Limits& limits, const Currency& currency) {
  json.key("limits").begin_object();
  append_limit(json, "per_transaction", limits.per_transaction, currency);
  append_periods(json, limits.out, currency);
  append_by_kind(json, limits, currency);
  append_limit(json, "maximum_balance", limits.maximum_balance, currency);
  json.plain("credit_limit", format_amount(limits.credit_limit, currency)).end_object();
}

void append_wallet(JsonWriter& json, const WalletHistory& history, std::int64_t now_ms,
                   std::optional<std::int64_t> as_of_ms) {
  const Wallet& wallet = history.wallet;
  const Currency& currency = wallet.currency;
  json.begin_object();
  json.plain("id", to_string(wallet.id)).key("user_id");
  if (wallet.owner == UserId{})
    json.null();
  else
    json.raw('"' + to_string(wallet.owner) + '"');
  json.member("name", wallet.name).plain("currency", currency.text()).plain("status", name_of(wallet.status));
  json.key("balance").begin_object();
  json.plain("available", format_amount(wallet.available, currency))
      .plain("held", format_amount(wallet.held, currency));
  json.plain("total", format_amount(wallet.total(), currency)).end_object();
  append_limits(json, wallet.limits, currency);
  append_spent(json, wallet, as_of_ms.value_or(now_ms));
  json.key("version").number(static_cast<std::int64_t>(history.seq));
  json.plain("created_at", format_time(unix_ms_of(wallet.id.uuid)));
  if (as_of_ms)
    json.plain("as_of", format_time(*as_of_ms));
  json.end_object();
}

std::string render_wallet(const WalletHistory& history, std::int64_t now_ms, std::optional<std::int64_t> as_of_ms) {
  std::string text;
  text.reserve(640);
  JsonWriter json(text);
  append_wallet(json, history, now_ms, as_of_ms);
  return text;
}

}  // namespace dompet::http
