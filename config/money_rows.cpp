#include "config/setting_rows.hpp"

namespace dompet::rows {

namespace {

using LeastTopups = std::vector<http::LeastTopup>;

/// "IDR=50000": a currency of ISO 4217 and an amount of it.
std::optional<http::LeastTopup> least_topup(std::string_view text) {
  const std::size_t sign = text.find('=');
  if (sign == text.npos)
    return std::nullopt;
  const auto currency = find_currency(text.substr(0, sign));
  if (!currency)
    return std::nullopt;
  const auto amount = parse_amount(text.substr(sign + 1), *currency);
  return amount ? std::optional{http::LeastTopup{*currency, *amount}} : std::nullopt;
}

/// Each currency once.
std::optional<LeastTopups> least_topups(std::string_view text) {
  LeastTopups found;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) {
      const auto one = least_topup(text.substr(0, end));
      if (!one || std::ranges::find(found, one->currency, &http::LeastTopup::currency) != found.end())
        return std::nullopt;
      found.push_back(*one);
    }
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return found;
}

std::string words_of(const LeastTopups& topups) {
  std::string text;
  for (const auto& [currency, amount] : topups) {
    text.append(text.empty() ? "" : " ").append(currency.text());
    text.append(1, '=').append(format_amount(amount, currency));
  }
  return text;
}

Setting minimum_topup() {
  Setting row{.section = "money",
              .name = "minimum_topup",
              .form = ValueForm::text,
              .allowed = "currencies with their least amount, each once, such as IDR=50000 USD=5",
              .reason = "The least top-up by currency; a currency that is not named has none. Smaller ones cost a "
                        "provider more than they bring."};
  row.read = [](const Settings& settings) { return words_of(settings.http.minimum_topup); };
  row.write = [](Settings& settings, std::string_view text) {
    const auto found = least_topups(text);
    if (found)
      settings.http.minimum_topup = *found;
    return found.has_value();
  };
  return row;
}

}  // namespace

void add_money(Rows& rows) {
  rows.push_back(minimum_topup());
  rows.push_back(number({"money", "remembered_payments",
                         "Payments that are kept in memory for captures, voids and refunds to come; for others the "
                         "database is asked. About a kilobyte each."},
                        "payments", 1, 10'000'000, [](auto& s) -> auto& { return s.http.remembered_payments; }));
}

}  // namespace dompet::rows
