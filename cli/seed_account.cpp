#include "cli/seed_account.hpp"

#include <cstdio>

namespace dompet::cli {

namespace {

using Json = nlohmann::json;

constexpr const char* email = "demo@example.com";

}  // namespace

void SeedAccount::make_and_print() {
  find_or_make_user();
  find_or_make_card();
  const Json money{{"wallet_id", wallet_}, {"amount", "500000.00"}, {"currency", "IDR"}, {"method", "bri"}};
  client_.post("/v1/topups", money, "seed-topup-" + wallet_, "top up the demo wallet");
  find_or_make_merchant();
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

}  // namespace dompet::cli
