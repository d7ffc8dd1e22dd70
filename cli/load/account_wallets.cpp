#include "cli/load/account_wallets.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <map>
#include <stdexcept>

#include "cli/http_client.hpp"
#include "cli/service.hpp"

namespace dompet::cli {

namespace {

using Json = nlohmann::json;

constexpr IdText no_wallet{};

/// What all names begin with, so that the server need not list everybody's wallets.
std::string common_beginning(const std::vector<PaymentAccount>& accounts) {
  std::string_view beginning = accounts.front().name;
  for (const auto& account : accounts) {
    const auto [differs, _] = std::ranges::mismatch(beginning, account.name);
    beginning = beginning.substr(0, static_cast<std::size_t>(differs - beginning.begin()));
  }
  return std::string(beginning);
}

/// Fills in the wallets that exist. The list is newest first, so that the oldest of a name stands.
void find(const std::vector<PaymentAccount>& accounts, HttpClient& client, std::vector<IdText>& wallets) {
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> places;
  for (std::size_t i = 0; i < accounts.size(); ++i)
    places.emplace(std::pair{std::string_view(accounts[i].name), accounts[i].currency.text()}, i);
  const std::string beginning = common_beginning(accounts);
  const std::string path = "/v1/wallets?limit=200" + (beginning.empty() ? "" : "&search=" + percent_encoded(beginning));
  for (std::string cursor;;) {
    const auto answer = client.get(cursor.empty() ? path : path + "&cursor=" + percent_encoded(cursor));
    if (answer.status != 200)
      throw std::runtime_error("cannot list the wallets: the server answered " + std::to_string(answer.status) + " " +
                               answer.body);
    const auto page = Json::parse(answer.body);
    for (const auto& wallet : page.at("data")) {
      const auto name = wallet.at("name").get<std::string>();
      const auto currency = wallet.at("currency").get<std::string>();
      const auto id = wallet.at("id").get<std::string>();
      const auto place = places.find({name, currency});
      if (place != places.end() && wallet.value("status", "active") == "active" && id.size() == sizeof(IdText))
        std::memcpy(wallets[place->second].data(), id.data(), id.size());
    }
    if (!page.at("next_cursor").is_string())
      return;
    cursor = page["next_cursor"].get<std::string>();
  }
}

class Opening : public Errands {
 public:
  Opening(const std::vector<PaymentAccount>& accounts, std::vector<std::size_t> missing,
          const RequestTemplate::Common& common)
      : Errands(static_cast<std::uint32_t>(missing.size())), accounts_(accounts), missing_(std::move(missing)),
        common_(common) {}

 protected:
  void render(Shot& shot) override {
    const auto& account = accounts_[missing_[shot.number]];
    render_post(shot.bytes, common_, "/v1/wallets", {},
                Json{{"name", account.name}, {"currency", account.currency.code}}.dump());
  }

 private:
  const std::vector<PaymentAccount>& accounts_;
  std::vector<std::size_t> missing_;
  const RequestTemplate::Common& common_;
};

class Funding : public Errands {
 public:
  Funding(const std::vector<PaymentAccount>& accounts, std::vector<std::size_t> payers,
          const std::vector<IdText>& wallets, std::string_view batch, const RequestTemplate::Common& common)
      : Errands(static_cast<std::uint32_t>(payers.size())), accounts_(accounts), payers_(std::move(payers)),
        wallets_(wallets), batch_(batch), common_(common) {}

 protected:
  void render(Shot& shot) override {
    const auto place = payers_[shot.number];
    const auto& account = accounts_[place];
    const auto amount = format_amount(account.spent, account.currency);
    const Json body{{"wallet_id", std::string_view(wallets_[place].data(), sizeof(IdText))},
                    {"amount", amount},
                    {"currency", account.currency.code},
                    {"method", "bri"}};
    render_post(shot.bytes, common_, "/v1/topups",
                "fund:" + batch_ + ':' + account.name + ':' + account.currency.code + ':' + amount, body.dump());
  }

 private:
  const std::vector<PaymentAccount>& accounts_;
  std::vector<std::size_t> payers_;
  const std::vector<IdText>& wallets_;
  std::string batch_;
  const RequestTemplate::Common& common_;
};

std::vector<std::size_t> missing_in(const std::vector<IdText>& wallets) {
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < wallets.size(); ++i)
    if (wallets[i] == no_wallet)
      missing.push_back(i);
  return missing;
}

}  // namespace

void render_post(std::string& bytes, const RequestTemplate::Common& common, std::string_view path, std::string_view key,
                 std::string_view body) {
  bytes.assign("POST ").append(path).append(" HTTP/1.1\r\nHost: ").append(common.host);
  for (const auto& [name, value] : common.headers)
    bytes.append("\r\n").append(name).append(": ").append(value);
  if (!key.empty())
    bytes.append("\r\nIdempotency-Key: ").append(key);
  bytes.append("\r\nContent-Type: application/json\r\nContent-Length: ").append(std::to_string(body.size()));
  bytes.append("\r\n\r\n").append(body);
}

std::vector<IdText> wallets_of(const std::vector<PaymentAccount>& accounts, const Endpoint& endpoint,
                               const RequestTemplate::Common& common, const ErrandPlan& plan) {
  std::vector<IdText> wallets(accounts.size(), no_wallet);
  HttpClient client(endpoint, common.headers);
  find(accounts, client, wallets);
  auto missing = missing_in(wallets);
  if (missing.empty())
    return wallets;
  Opening opening(accounts, std::move(missing), common);
  run_errands(endpoint, opening, plan, "wallets opened");
  opening.check_all_done("open the accounts' wallets");
  // Looked up rather than kept: where an answer was lost there are two of a name now, and the next run takes the
  // oldest.
  find(accounts, client, wallets);
  if (!missing_in(wallets).empty())
    throw std::runtime_error("wallets that were just opened are not listed");
  return wallets;
}

void fund(const std::vector<PaymentAccount>& accounts, const std::vector<IdText>& wallets, std::string_view batch,
          const Endpoint& endpoint, const RequestTemplate::Common& common, const ErrandPlan& plan) {
  std::vector<std::size_t> payers;
  for (std::size_t i = 0; i < accounts.size(); ++i)
    if (accounts[i].spent > 0)
      payers.push_back(i);
  Funding funding(accounts, std::move(payers), wallets, batch, common);
  run_errands(endpoint, funding, plan, "wallets funded");
  funding.check_all_done("fund the accounts' wallets");
}

}  // namespace dompet::cli
