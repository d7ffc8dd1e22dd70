#include <map>

#include "config/setting_rows.hpp"
#include "domain/va_number.hpp"

namespace dompet::rows {

namespace {

/// The words of a list, each by `take`; false when one is not as it must be.
template <class Take>
bool each_word(std::string_view text, Take take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0 && !take(text.substr(0, end)))
      return false;
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return true;
}

bool is_name(std::string_view text) {
  constexpr std::size_t longest = 40;
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
  });
}

/// Up to the next comma, which is taken too.
std::string_view next_part(std::string_view& text) {
  const std::size_t end = std::min(text.find(','), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(text.size(), end + 1));
  return part;
}

/// "name,prefix,currency,merchant,url".
std::optional<Marketplace> marketplace_of(std::string_view text) {
  Marketplace found;
  found.name = next_part(text);
  found.va_prefix = next_part(text);
  const auto currency = find_currency(next_part(text));
  const auto merchant = parse_uuid(next_part(text));
  found.url = text;
  const bool is_url = found.url.starts_with("http://") || found.url.starts_with("https://");
  if (!is_name(found.name) || !can_be_va_number(found.va_prefix) || !currency || !merchant || !is_url)
    return std::nullopt;
  found.currency = *currency;
  found.merchant = {*merchant};
  return found;
}

std::string words_of(const std::vector<Marketplace>& marketplaces) {
  std::string text;
  for (const Marketplace& one : marketplaces) {
    text.append(text.empty() ? "" : " ").append(one.name).append(1, ',').append(one.va_prefix).append(1, ',');
    text.append(one.currency.text()).append(1, ',').append(to_string(one.merchant)).append(1, ',').append(one.url);
  }
  return text;
}

/// What comes before the equals sign of "name=text", and what behind it; false when it is no such word.
bool take_apart(std::string_view word, std::string_view& name, std::string_view& text) {
  const std::size_t sign = word.find('=');
  if (sign == word.npos || sign + 1 == word.size())
    return false;
  name = word.substr(0, sign);
  text = word.substr(sign + 1);
  return is_name(name);
}

Setting marketplace_list() {
  Setting row{.section = "marketplaces",
              .name = "list",
              .form = ValueForm::text,
              .allowed = "marketplaces as name,prefix,currency,merchant_id,url, with spaces between them",
              .reason =
                  "Marketplaces whose orders are paid here: a name, what the numbers of its virtual accounts begin "
                  "with, the currency of its orders, the merchant of ours that is paid, and where its GraphQL is."};
  row.read = [](const Settings& settings) { return words_of(settings.http.marketplaces.all); };
  row.write = [](Settings& settings, std::string_view text) {
    std::vector<Marketplace> found;
    const bool is_list = each_word(text, [&](std::string_view word) {
      auto one = marketplace_of(word);
      if (!one || std::ranges::find(found, one->name, &Marketplace::name) != found.end())
        return false;
      found.push_back(*std::move(one));
      return true;
    });
    if (is_list)
      settings.http.marketplaces.all = std::move(found);
    return is_list;
  };
  return row;
}

/// Any text, or "whsec_" and base64.
bool is_secret(std::string_view text) {
  constexpr std::string_view prefix = "whsec_";
  if (!text.starts_with(prefix))
    return is_any_text(text);
  text.remove_prefix(prefix.size());
  const bool is_whole = !text.empty() && text.size() % 4 == 0;
  while (text.ends_with('='))
    text.remove_suffix(1);
  return is_whole && std::ranges::all_of(text, [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                  (letter >= '0' && letter <= '9') || letter == '+' || letter == '/';
         });
}

/// "name=text" for some marketplaces, with the text as it is kept.
template <class Access>
Setting secret_by_name(Names names, bool (*is_allowed)(std::string_view), Access access) {
  Setting row{.section = names.section,
              .name = names.name,
              .form = ValueForm::text,
              .allowed = "name=text for some of the marketplaces, with spaces between them",
              .reason = names.reason};
  row.read = [access](const Settings& settings) {
    std::string text;
    for (const auto& [name, value] : access(settings))
      text.append(text.empty() ? "" : " ").append(name).append(1, '=').append(value);
    return text;
  };
  row.write = [access, is_allowed](Settings& settings, std::string_view text) {
    std::map<std::string, std::string> found;
    const bool is_list = each_word(text, [&](std::string_view word) {
      std::string_view name;
      std::string_view value;
      return take_apart(word, name, value) && is_allowed(value) && found.emplace(name, value).second;
    });
    if (is_list)
      access(settings) = std::move(found);
    return is_list;
  };
  return hidden(std::move(row));
}

bool is_own_prefix(std::string_view text) {
  return text.size() >= shortest_va_prefix && text.size() <= longest_va_prefix &&
         std::ranges::all_of(text, [](char letter) { return letter >= '0' && letter <= '9'; });
}

bool is_status(std::string_view text) {
  constexpr std::size_t longest = 40;
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '_' || letter == '-';
  });
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text.append(text.empty() ? "" : ",").append(word);
  return text;
}

Setting unpaid_statuses() {
  Setting row{.section = "marketplaces",
              .name = "unpaid_statuses",
              .form = ValueForm::text,
              .allowed = "name=word,word for some of the marketplaces, with spaces between them",
              .reason =
                  "The words that say, as status and as paymentStatus of an order, that it is to be paid; PENDING and "
                  "UNPAID for a marketplace that is not named. An order that has another word, or none, is not paid."};
  row.read = [](const Settings& settings) {
    std::string text;
    for (const auto& [name, words] : settings.http.marketplaces.unpaid_statuses)
      text.append(text.empty() ? "" : " ").append(name).append(1, '=').append(joined(words));
    return text;
  };
  row.write = [](Settings& settings, std::string_view text) {
    std::map<std::string, std::vector<std::string>> found;
    const bool is_list = each_word(text, [&](std::string_view word) {
      std::string_view name;
      std::string_view rest;
      if (!take_apart(word, name, rest))
        return false;
      std::vector<std::string> statuses;
      while (!rest.empty())
        statuses.emplace_back(next_part(rest));
      const bool are_statuses = std::ranges::all_of(statuses, [](const std::string& one) { return is_status(one); });
      return are_statuses && found.emplace(name, std::move(statuses)).second;
    });
    if (is_list)
      settings.http.marketplaces.unpaid_statuses = std::move(found);
    return is_list;
  };
  return row;
}

void add_invoices(Rows& rows) {
  rows.push_back(
      words({"invoices", "va_prefix",
             "What the numbers of invoices' virtual accounts begin with; twelve digits of chance and a check "
             "digit follow. Those that were given out before a change are not taken any more."},
            "4 to 8 digits", is_own_prefix, [](auto& s) -> auto& { return s.http.invoices.va_prefix; }));
  rows.push_back(number({"invoices", "usual_life_hours", "How long an invoice can be paid that names no end."}, "hours",
                        1, 2'208, [](auto& s) -> auto& { return s.http.invoices.usual_life; }));
  rows.push_back(number({"invoices", "longest_life_hours",
                         "How long one can be paid at most. The wallet that is paid remembers so long that it was: at "
                         "most 10,000 paid invoices that are not over."},
                        "hours", 1, 2'208, [](auto& s) -> auto& { return s.http.invoices.longest_life; }));
}

void add_calls(Rows& rows) {
  rows.push_back(
      number({"marketplaces", "timeout_ms",
              "For one call of a marketplace. A payer waits for a look-up at most twice as long: behind others "
              "and for his own."},
             "milliseconds", 100, 60'000, [](auto& s) -> auto& { return s.http.marketplaces.timeout; }));
  rows.push_back(
      number({"marketplaces", "lookup_threads",
              "Look-ups of one marketplace at the same time. Each marketplace has its own, so that a dead one "
              "keeps nobody else waiting."},
             "threads", 1, 64, [](auto& s) -> auto& { return s.http.marketplaces.lookup_threads; }));
  rows.push_back(number({"marketplaces", "lookup_queue",
                         "Look-ups of one marketplace that may wait; more payments are turned away with 503."},
                        "look-ups", 1, 10'000, [](auto& s) -> auto& { return s.http.marketplaces.lookup_queue; }));
  rows.push_back(words({"marketplaces", "paid_status", "What an order's payment status is set to once it is paid."},
                       "1 to 40 letters, digits, _ and -", is_status,
                       [](auto& s) -> auto& { return s.http.marketplaces.paid_status; }));
}

void add_notices(Rows& rows) {
  rows.push_back(number({"marketplaces", "retry_first_ms",
                         "How long after a marketplace did not hear it is told again; doubled each time."},
                        "milliseconds", 10, 3'600'000,
                        [](auto& s) -> auto& { return s.http.marketplaces.retry_first; }));
  rows.push_back(number({"marketplaces", "retry_most_ms", "The longest pause; it is told for ever."}, "milliseconds",
                        10, 86'400'000, [](auto& s) -> auto& { return s.http.marketplaces.retry_most; }));
  rows.push_back(number({"marketplaces", "look_ms",
                         "Between two looks for marketplaces to be told, and for payments of bills whose end nobody "
                         "noted."},
                        "milliseconds", 10, 60'000, [](auto& s) -> auto& { return s.http.marketplaces.look; }));
}

}  // namespace

void add_marketplaces(Rows& rows) {
  add_invoices(rows);
  rows.push_back(marketplace_list());
  rows.push_back(
      secret_by_name({"marketplaces", "secrets",
                      "What notices to a marketplace are signed with, as Standard Webhooks does it (whsec_…). Without "
                      "one they are not signed."},
                     is_secret, [](auto& s) -> auto& { return s.http.marketplaces.secrets; }));
  rows.push_back(
      secret_by_name({"marketplaces", "tokens", "Bearer tokens that are sent with every call of a marketplace."},
                     is_any_text, [](auto& s) -> auto& { return s.http.marketplaces.tokens; }));
  rows.push_back(unpaid_statuses());
  add_calls(rows);
  add_notices(rows);
}

}  // namespace dompet::rows
