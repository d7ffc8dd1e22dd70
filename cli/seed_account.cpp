#include "cli/seed_account.hpp"

#include <cstdio>

namespace dompet::cli {

namespace {

using Json = nlohmann::json;

constexpr const char* email = "demo@example.com";
constexpr const char* name_of_dollars = "Dolar Demo";

}  // namespace

void SeedAccount::make_and_print() {
  find_or_make_user();
  find_or_make_card();
  const Json money{{"wallet_id", wallet_}, {"amount", "500000.00"}, {"currency", "IDR"}, {"method", "bri"}};
  client_.post("/v1/topups", money, "seed-topup-" + wallet_, "top up the demo wallet");
  find_or_make_merchant();
  find_or_make_dollars();
  std::printf("             card %s, wallet %s, merchant %s\n", card_.c_str(), wallet_.c_str(), merchant_.c_str());
}

void SeedAccount::find_or_make_user() {
  std::string path = "/v1/users?limit=200&search=";
  path.append(email);
  const Json found = client_.get(path, "look for the demo user");
  for (const Json& user : found.at("data"))
    if (user.value("email", "") == email)
      user_ = user.at("id").get<std::string>();
  if (!user_.empty()) {
    std::printf("\ndemo login:  %s, password as it was when he was made\n", email);
    return;
  }
  const Json body{
      {"username", "demo"}, {"first_name", "Demo"}, {"last_name", "Dompet"}, {"email", email}, {"password", password_}};
  user_ = client_.post("/v1/users", body, {}, "make the demo user").at("id").get<std::string>();
  // At once: should the rest fail, it would be lost.
  std::printf("\ndemo login:  %s, password %s (said this once)\n", email, password_.c_str());
  std::fflush(stdout);
}

void SeedAccount::find_or_make_card() {
  const Json found = client_.get("/v1/cards?user_id=" + user_, "look for the demo card");
  Json card;
  if (!found.at("data").empty())
    card = found.at("data").back();
  else
    card = client_.post(
        "/v1/cards",
        {{"user_id", user_}, {"type", "debit"}, {"provider", "bri"}, {"name", "Demo"}, {"currency", "IDR"}}, {},
        "make the demo card");
  card_ = card.at("number_masked").get<std::string>();
  wallet_ = card.at("wallet_id").get<std::string>();
}

void SeedAccount::find_or_make_merchant() {
  const Json found = client_.get("/v1/merchants?user_id=" + user_, "look for the demo merchant");
  Json merchant;
  if (!found.at("data").empty())
    merchant = found.at("data").back();
  else
    merchant = client_.post("/v1/merchants", {{"user_id", user_}, {"wallet_id", wallet_}, {"name", "Warung Demo"}}, {},
                            "make the demo merchant");
  merchant_ = merchant.at("id").get<std::string>();
  if (merchant.at("status") == "pending")
    client_.post("/v1/merchants/" + merchant_ + "/status", {{"status", "active"}}, {}, "open the demo merchant");
}

/// With a rate of the day, unless somebody has set one.
void SeedAccount::find_or_make_dollars() {
  const Json rate{{"base", "USD"}, {"quote", "IDR"}, {"bid", "15225"}, {"ask", "15275"}};
  if (client_.get("/v1/fx/rates?base=USD&quote=IDR", "look for the rate of the dollar").at("data").empty())
    client_.put("/v1/fx/rates", {{"rates", Json::array({rate})}}, "set the rate of the dollar");
  const Json found = client_.get("/v1/wallets?limit=200&user_id=" + user_, "look for the demo wallet in dollars");
  for (const Json& wallet : found.at("data"))
    if (wallet.value("name", "") == name_of_dollars)
      return;
  const Json body{{"name", name_of_dollars}, {"currency", "USD"}, {"user_id", user_}};
  change_dollars(client_.post("/v1/wallets", body, {}, "open the demo wallet in dollars").at("id").get<std::string>());
}

/// Twenty-five of a hundred become rupiah in the demo's other wallet.
void SeedAccount::change_dollars(const std::string& dollars) {
  const Json money{{"wallet_id", dollars}, {"amount", "100.00"}, {"currency", "USD"}, {"method", "visa"}};
  client_.post("/v1/topups", money, "seed-topup-" + dollars, "top up the demo wallet in dollars");
  const Json wish{{"from", "USD"}, {"to", "IDR"}, {"amount", "25.00"}};
  const Json quote = client_.post("/v1/fx/quotes", wish, {}, "have a quote made");
  const Json change{{"source_wallet_id", dollars}, {"destination_wallet_id", wallet_}, {"amount", "25.00"},
                    {"currency", "USD"},           {"quote_id", quote.at("id")},       {"description", "Tukar dolar"}};
  client_.post("/v1/transfers", change, "seed-change-" + dollars, "change dollars");
}

}  // namespace dompet::cli
