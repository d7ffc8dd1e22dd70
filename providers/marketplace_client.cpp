#include "providers/marketplace_client.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include "providers/signature.hpp"

namespace dompet {

namespace {

using nlohmann::json;

constexpr const char* order_query =
    "query($vaNumber: String!) { getOrderByVA(vaNumber: $vaNumber) { totalHarga status paymentStatus } }";
constexpr const char* paid_mutation =
    "mutation($vaNumber: String!, $status: String!) { updatePaymentStatus(vaNumber: $vaNumber, status: $status) }";

/// An operator chose the address: it may be in his own network, and without TLS.
OutboundSettings outbound(const MarketplaceSettings& settings) {
  return {.connect_timeout = settings.timeout,
          .timeout = settings.timeout,
          .allow_private_addresses = true,
          .allow_plain_http = true};
}

std::string of_name(const std::map<std::string, std::string>& texts, const std::string& name) {
  const auto found = texts.find(name);
  return found == texts.end() ? std::string{} : found->second;
}

std::string document(const char* query, json variables) {
  return json{{"query", query}, {"variables", std::move(variables)}}.dump();
}

/// What the other side wrote, fit for a log and for the database.
std::string plain(std::string text) {
  constexpr std::size_t longest = 200;
  text.resize(std::min(text.size(), longest));
  for (char& letter : text)
    if (letter < 0x20 || letter > 0x7E)
      letter = '?';
  return text;
}

Heard unheard(std::string reason) { return {Heard::End::no, std::move(reason)}; }
Heard refused(std::string reason) { return {Heard::End::refused, std::move(reason)}; }

/// The member of `data`, or why there is none.
std::expected<json, Heard> member_of(const std::string& answer, const char* name) {
  const json document = json::parse(answer, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object())
    return std::unexpected(unheard("Its answer is no JSON object."));
  if (const auto errors = document.find("errors"); errors != document.end() && errors->is_array() && !errors->empty()) {
    const json& first = errors->front();
    const auto message = first.is_object() ? first.find("message") : first.end();
    const bool has_message = first.is_object() && message != first.end() && message->is_string();
    return std::unexpected(
        refused("It answered an error: " + (has_message ? plain(message->get<std::string>()) : "?")));
  }
  const auto data = document.find("data");
  if (data == document.end() || !data->is_object() || !data->contains(name))
    return std::unexpected(unheard(std::string{"Its answer has no "}.append(name).append(".")));
  return (*data)[name];
}

/// A client's error that is the same however often it is asked.
bool is_refusal(int status) {
  constexpr std::array passing{408, 425, 429};
  return status >= 400 && status < 500 && std::ranges::find(passing, status) == passing.end();
}

std::vector<std::string> unpaid_statuses_of(const MarketplaceSettings& settings, const std::string& name) {
  const auto found = settings.unpaid_statuses.find(name);
  const auto& usual = MarketplaceSettings::usual_unpaid_statuses;
  return found == settings.unpaid_statuses.end() ? std::vector<std::string>(usual.begin(), usual.end()) : found->second;
}

/// The words that an order has for its state. What is no text is no word that anybody knows.
std::vector<std::string> statuses_of(const json& order) {
  std::vector<std::string> statuses;
  for (const char* name : {"status", "paymentStatus"}) {
    const json status = order.value(name, json{});
    if (!status.is_null())
      statuses.push_back(plain(status.is_string() ? status.get<std::string>() : "?"));
  }
  return statuses;
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

/// "125000.0" is the same sum as "125000".
std::string without_superfluous_zeros(std::string number) {
  if (number.find('.') == std::string::npos)
    return number;
  number.erase(number.find_last_not_of('0') + 1);
  if (number.ends_with('.'))
    number.pop_back();
  return number;
}

}  // namespace

MarketplaceClient::MarketplaceClient(Marketplace marketplace, const MarketplaceSettings& settings)
    : marketplace_(std::move(marketplace)),
      key_(signing_key(of_name(settings.secrets, marketplace_.name)).value_or("")),
      token_(of_name(settings.tokens, marketplace_.name)), paid_status_(settings.paid_status),
      unpaid_statuses_(unpaid_statuses_of(settings, marketplace_.name)), client_(outbound(settings)) {}

std::expected<std::string, Heard> MarketplaceClient::call(OutboundRequest request) {
  request.url = marketplace_.url;
  request.headers.emplace_back("Content-Type", "application/json");
  if (!token_.empty())
    request.headers.emplace_back("Authorization", "Bearer " + token_);
  auto answer = client_.call(request);
  if (!answer)
    return std::unexpected(unheard(plain(answer.error())));
  if (answer->status != 200) {
    std::string reason = "It answered status " + std::to_string(answer->status) + ".";
    return std::unexpected(is_refusal(answer->status) ? refused(std::move(reason)) : unheard(std::move(reason)));
  }
  return std::move(answer->body);
}

/// One word that says it was paid is enough, and so is one that nobody knows, for it not to be paid.
MarketplaceOrder::State MarketplaceClient::state_of(const std::vector<std::string>& statuses) const {
  if (std::ranges::find(statuses, paid_status_) != statuses.end())
    return MarketplaceOrder::State::paid;
  const bool is_unpaid = !statuses.empty() && std::ranges::all_of(statuses, [&](const std::string& status) {
    return std::ranges::find(unpaid_statuses_, status) != unpaid_statuses_.end();
  });
  return is_unpaid ? MarketplaceOrder::State::unpaid : MarketplaceOrder::State::unknown;
}

std::expected<std::optional<MarketplaceOrder>, std::string> MarketplaceClient::look_up(const std::string& va_number) {
  const auto answer = call({.body = document(order_query, {{"vaNumber", va_number}})});
  if (!answer)
    return std::unexpected(answer.error().reason);
  const auto order = member_of(*answer, "getOrderByVA");
  if (!order)
    return std::unexpected(order.error().reason);
  if (order->is_null())
    return std::nullopt;
  const json total = order->is_object() ? order->value("totalHarga", json{}) : json{};
  if (!total.is_number() && !total.is_string())
    return std::unexpected("Its order has no totalHarga.");
  const std::vector<std::string> statuses = statuses_of(*order);
  return MarketplaceOrder{without_superfluous_zeros(total.is_string() ? plain(total.get<std::string>()) : total.dump()),
                          state_of(statuses), listed(statuses)};
}

Heard MarketplaceClient::tell_paid(const std::string& va_number, const std::string& id, std::int64_t now_s) {
  OutboundRequest request{.body = document(paid_mutation, {{"vaNumber", va_number}, {"status", paid_status_}})};
  request.headers.emplace_back("Idempotency-Key", id);
  request.headers.emplace_back("webhook-id", id);
  request.headers.emplace_back("webhook-timestamp", std::to_string(now_s));
  if (!key_.empty())
    request.headers.emplace_back("webhook-signature", sign_callback(key_, id, now_s, request.body));
  const auto answer = call(std::move(request));
  if (!answer)
    return answer.error();
  const auto heard = member_of(*answer, "updatePaymentStatus");
  if (!heard)
    return heard.error();
  if (*heard != json(true))
    return refused("It did not take the status.");
  return {};
}

}  // namespace dompet
