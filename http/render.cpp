#include "http/render.hpp"

#include <map>

#include "domain/posting.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

template <class... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};

/// What an event does to the available balance.
Minor change_of(const Event& event) {
  return std::visit(
      Match{[](const Credited& fact) { return fact.amount; }, [](const TransferredOut& fact) { return -fact.amount; },
            [](const HoldPlaced& fact) { return -fact.amount; }, [](const HoldReleased& fact) { return fact.amount; },
            [](const HoldIncreased& fact) { return -fact.amount; },
            [](const CaptureSettled& fact) { return fact.released; },
            [](const AuthorizationCaptured& fact) { return fact.released; },
            [](const PaymentVoided& fact) { return fact.amount; }, [](const auto&) { return Minor{0}; }},
      event);
}

std::string hex(const Digest& digest) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(digest.size() * 2);
  for (const std::uint8_t byte : digest)
    text += {digits[byte >> 4], digits[byte & 15]};
  return text;
}

void append_text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  if (text.empty())
    json.key(name).null();
  else
    json.member(name, text);
}

void append_plain_or_null(JsonWriter& json, std::string_view name, const std::string& text) {
  if (text.empty())
    json.key(name).null();
  else
    json.plain(name, text);
}

/// System accounts and sums end with their currency: external:bri:IDR.
std::string_view currency_of(std::string_view account) { return account.substr(account.rfind(':') + 1); }

std::string amount_text(Minor amount, std::string_view currency_code) {
  const auto currency = find_currency(currency_code);
  return currency ? format_amount(amount, *currency) : std::to_string(amount);
}

}  // namespace

std::string_view kind_of(const Event& event) {
  return std::visit(Match{[](const WalletOpened&) { return std::string_view{"opened"}; },
                          [](const NameChanged&) { return std::string_view{"renamed"}; },
                          [](const LimitsChanged&) { return std::string_view{"limits_changed"}; },
                          [](const WalletFrozen&) { return std::string_view{"frozen"}; },
                          [](const WalletUnfrozen&) { return std::string_view{"unfrozen"}; },
                          [](const WalletClosed&) { return std::string_view{"closed"}; },
                          [](const Credited&) { return std::string_view{"credited"}; },
                          [](const TransferredOut&) { return std::string_view{"transferred_out"}; },
                          [](const HoldPlaced&) { return std::string_view{"hold_placed"}; },
                          [](const HoldCaptured&) { return std::string_view{"hold_captured"}; },
                          [](const HoldReleased&) { return std::string_view{"hold_released"}; },
                          [](const HoldIncreased&) { return std::string_view{"hold_increased"}; },
                          [](const CaptureReserved&) { return std::string_view{"capture_reserved"}; },
                          [](const CaptureSettled&) { return std::string_view{"captured"}; },
                          [](const CaptureReturned&) { return std::string_view{"capture_returned"}; },
                          [](const AuthorizationCaptured&) { return std::string_view{"captured"}; },
                          [](const PaymentVoided&) { return std::string_view{"voided"}; },
                          [](const CardBlocked&) { return std::string_view{"card_blocked"}; },
                          [](const CardAllowed&) { return std::string_view{"card_allowed"}; }},
                    event);
}

EntryView entry_of(const StatementLine& line, const Currency& currency) {
  const Transaction* transaction = line.record.transaction.get();
  EntryView entry{.seq = line.leg.seq,
                  .kind = kind_of(line.leg.event),
                  .amount = format_amount(change_of(line.leg.event), currency),
                  .balance_after = format_amount(line.leg.available_after, currency),
                  .held_after = format_amount(line.leg.held_after, currency),
                  .transaction_id = {},
                  .counterparty_wallet_id = {},
                  .hash = hex(line.leg.digest),
                  .at = format_time(line.record.at_ms),
                  .currency = std::string{currency.text()},
                  .method = {},
                  .description = {}};
  if (transaction != nullptr) {
    entry.transaction_id = to_string(shown_id(line.record));
    const WalletId& other = line.leg.wallet == transaction->source ? transaction->destination : transaction->source;
    if (!other.uuid.is_nil())
      entry.counterparty_wallet_id = to_string(other);
    entry.method = transaction->method;
    entry.description = transaction->description;
  }
  return entry;
}

void append_entry(JsonWriter& json, const EntryView& entry) {
  json.begin_object();
  json.key("seq").number(static_cast<std::int64_t>(entry.seq));
  json.plain("kind", entry.kind).plain("amount", entry.amount).plain("balance_after", entry.balance_after);
  json.plain("held_after", entry.held_after);
  append_plain_or_null(json, "transaction_id", entry.transaction_id);
  append_plain_or_null(json, "counterparty_wallet_id", entry.counterparty_wallet_id);
  json.plain("hash", entry.hash).plain("at", entry.at).plain("currency", entry.currency);
  append_text_or_null(json, "method", entry.method);
  append_text_or_null(json, "description", entry.description);
  json.end_object();
}

std::string_view csv_header() {
  return "seq,kind,amount,balance_after,held_after,transaction_id,counterparty_wallet_id,hash,at,currency,method,"
         "description\r\n";
}

void append_csv(std::string& out, const EntryView& entry) {
  out += std::to_string(entry.seq);
  const std::string_view columns[]{entry.kind,           entry.amount,
                                   entry.balance_after,  entry.held_after,
                                   entry.transaction_id, entry.counterparty_wallet_id,
                                   entry.hash,           entry.at,
                                   entry.currency};
  for (const std::string_view column : columns)
    (out += ',') += column;
  append_quoted_csv(out, entry.method);
  append_quoted_csv(out, entry.description);
  out += "\r\n";
}

void append_quoted_csv(std::string& out, std::string_view text) {
  // A leading sign or equals would be a formula to a spreadsheet.
  const bool is_formula = !text.empty() && std::string_view{"=+-@\t\r"}.contains(text.front());
  out += ",\"";
  if (is_formula)
    out += '\'';
  for (const char letter : text) {
    out += letter;
    if (letter == '"')
      out += letter;
  }
  out += '"';
}

std::string render_trial_balance(const std::vector<TrialBalanceLine>& lines) {
  std::map<std::string_view, Minor> sums;
  bool is_balanced = true;
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("data").begin_array();
  for (const TrialBalanceLine& line : lines) {
    const std::string_view currency = currency_of(line.account);
    sums[currency] += line.total;
    json.begin_object().member("account", line.account).member("currency", currency);
    json.plain("total", amount_text(line.total, currency)).end_object();
  }
  json.end_array().key("sums").begin_array();
  for (const auto& [currency, sum] : sums) {
    is_balanced = is_balanced && sum == 0;
    json.begin_object().member("currency", currency).plain("total", amount_text(sum, currency)).end_object();
  }
  json.end_array().key("is_balanced").truth(is_balanced).end_object();
  return text;
}

}  // namespace dompet::http
