#include <catch2/catch_test_macros.hpp>

#include <filesystem>

#include "domain/card_number.hpp"
#include "persistence/api_key_store.hpp"
#include "persistence/card_safe.hpp"
#include "persistence/session.hpp"
#include "persistence/user_rules.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

const Act clerk{.who = "clerk@example.com"};

/// A key file of its own, gone at the end.
struct KeyFile {
  KeyFile() { std::filesystem::remove(path); }
  ~KeyFile() { std::filesystem::remove(path); }
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("dompet-keys-" + to_string(make_incarnation()));
};

Uuid add_user(Reader& reader, const std::string& name, const std::vector<std::string>& roles = {}) {
  const Uuid id = make_row_id();
  const Holds anything = [](const std::vector<std::string>&) { return true; };
  REQUIRE(ReferenceStore(reader, user_table)
              .create(id,
                      {{"username", name},
                       {"first_name", name},
                       {"last_name", "L"},
                       {"email", name + "@example.com"},
                       {"password_hash", "x"}},
                      {}, clerk, with_roles(roles, anything)));
  return id;
}

ReferenceOutcome<ReferenceRow> add_card(ReferenceStore& cards, const CardSafe& safe, const Uuid& user,
                                        const std::string& number) {
  ReferenceValues values = safe.columns_of(number);
  values.insert(values.end(), {{"user_id", to_string(user)},
                               {"wallet_id", to_string(make_row_id())},
                               {"type", "debit"},
                               {"provider", "visa"},
                               {"expires_on", "2030-11-30"}});
  return cards.create(make_row_id(), values, {}, clerk);
}

std::string fault(const ReferenceOutcome<ReferenceRow>& outcome) {
  return outcome ? "nothing" : std::string{outcome.error().code};
}

}  // namespace

TEST_CASE("a card's number comes out of the table as it went in, and cannot be read there", "[reference][card]") {
  make_empty_ledger();
  const KeyFile file;
  const Vault vault = Vault::open(file.path);
  const CardSafe safe(vault);
  Reader reader({.database = database_url()});
  ReferenceStore cards(reader, card_table);
  const Uuid user = add_user(reader, "ayu");
  const std::string number = CardSafe::draw("visa");
  const auto card = add_card(cards, safe, user, number);
  REQUIRE(card);
  CHECK(safe.number_of(*card) == number);
  CHECK(card->text("number_masked") == masked_card_number(number));
  CHECK(cards.find_by("number_hash", safe.hash_column_of(number))->id == card->id);
  CHECK_FALSE(cards.find_by("number_hash", safe.hash_column_of("4242424242424242")));
  const auto twin = add_card(cards, safe, user, number);
  REQUIRE_FALSE(twin);
  CHECK(twin.error().column == "number_hash");
  CHECK(safe.cvv_of(number, "2030-11-30").size() == 3);
  CHECK(safe.cvv_of(number, "2030-11-30") == safe.cvv_of(number, "2030-11-30"));
}

TEST_CASE("two key files give one card different hashes and CVVs", "[reference][card]") {
  const KeyFile one;
  const KeyFile other;
  const Vault first = Vault::open(one.path);
  const Vault second = Vault::open(other.path);
  const std::string number = "4242424242424242";
  CHECK(CardSafe(first).hash_column_of(number) != CardSafe(second).hash_column_of(number));
  int equal = 0;
  for (int year = 2030; year < 2040; ++year) {
    const std::string expiry = std::to_string(year) + "-01-31";
    equal += CardSafe(first).cvv_of(number, expiry) == CardSafe(second).cvv_of(number, expiry) ? 1 : 0;
  }
  CHECK(equal < 5);
}

TEST_CASE("numbers are sealed again with the newest key, page by page, and stay the same", "[reference][card]") {
  make_empty_ledger();
  const KeyFile file;
  Reader reader({.database = database_url()});
  ReferenceStore cards(reader, card_table);
  const Uuid user = add_user(reader, "ayu");
  std::vector<std::pair<Uuid, std::string>> numbers;
  std::vector<std::string> sealed_before;
  {
    const Vault old = Vault::open(file.path);
    for (int i = 0; i < 5; ++i) {
      const std::string number = CardSafe::draw("bni");
      const auto card = add_card(cards, CardSafe(old), user, number);
      REQUIRE(card);
      numbers.emplace_back(card->id, number);
      sealed_before.push_back(card->text("number_sealed"));
    }
  }
  Vault::rotate(file.path);
  const Vault vault = Vault::open(file.path);
  const CardSafe safe(vault);
  std::int64_t sealed = 0;
  std::optional<Uuid> last;
  do
    reader.session().within("BEGIN READ WRITE", [&] { last = safe.seal_again(reader.session(), last, 2, sealed); });
  while (last);
  CHECK(sealed == 5);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto card = cards.find(numbers[i].first);
    CHECK(card->text("number_sealed") != sealed_before[i]);
    CHECK(safe.number_of(*card) == numbers[i].second);
    CHECK(cards.find_by("number_hash", safe.hash_column_of(numbers[i].second))->id == card->id);
  }
}

TEST_CASE("of users who can log in one stays an administrator", "[reference][users]") {
  make_empty_ledger();
  Reader reader({.database = database_url()});
  ReferenceStore users(reader, user_table);
  const Uuid ayu = add_user(reader, "ayu", {"administrator"});
  const Uuid budi = add_user(reader, "budi", {"administrator"});
  const Uuid citra = add_user(reader, "citra", {"customer"});
  const Holds anything = [](const std::vector<std::string>&) { return true; };
  const auto lock = [&](const Uuid& user) {
    return fault(users.change(user, {{"status", "locked"}}, {}, "lock", clerk, an_administrator_stays()));
  };
  CHECK(lock(citra) == "nothing");
  CHECK(lock(ayu) == "nothing");
  CHECK(lock(budi) == "last_administrator");
  CHECK(fault(users.trash(budi, {}, clerk, an_administrator_stays())) == "last_administrator");
  CHECK(fault(users.change(budi, {}, {}, "roles", clerk, with_roles({"customer"}, anything))) == "last_administrator");
  CHECK(users.find(budi)->text("roles") == R"(["administrator"])");
  CHECK(fault(users.change(budi, {}, {}, "roles", clerk, with_roles({"administrator", "customer"}, anything))) ==
        "nothing");
}

TEST_CASE("nobody gives or touches what he has not himself", "[reference][users]") {
  make_empty_ledger();
  Reader reader({.database = database_url()});
  ReferenceStore users(reader, user_table);
  const Uuid boss = add_user(reader, "boss", {"administrator"});
  const Uuid ani = add_user(reader, "ani", {"customer"});
  const Holds little = [](const std::vector<std::string>& permissions) {
    for (const std::string& permission : permissions)
      if (permission == "*" || permission.ends_with(":any"))
        return false;
    return true;
  };
  CHECK(fault(users.change(boss, {{"email", "mine@example.com"}}, {}, "change", clerk, not_above(little))) ==
        "forbidden");
  CHECK(fault(users.change(ani, {{"first_name", "Anisa"}}, {}, "change", clerk, not_above(little))) == "nothing");
  CHECK(fault(users.change(ani, {}, {}, "roles", clerk, with_roles({"administrator"}, little))) == "forbidden");
  CHECK(fault(users.change(ani, {}, {}, "roles", clerk, with_roles({"customer", "nothing"}, little))) ==
        "role_not_found");
  CHECK(users.find(ani)->text("roles") == R"(["customer"])");
}

TEST_CASE("a key speaks until it is revoked, expires, or its merchant is gone", "[reference][api_key]") {
  make_empty_ledger();
  Reader reader({.database = database_url()});
  const Uuid ayu = add_user(reader, "ayu");
  ReferenceStore merchants(reader, merchant_table);
  ApiKeyStore keys(reader);
  auto sql = open_session();
  const Uuid merchant = make_row_id();
  REQUIRE(merchants.create(
      merchant, {{"user_id", to_string(ayu)}, {"wallet_id", to_string(make_row_id())}, {"name", "Warung"}}, {}, clerk));
  const std::string hash = hash_of_api_key("dpk_00000000_secret");
  const StoredApiKey key{.id = make_row_id(),
                         .merchant = merchant,
                         .name = "shop",
                         .prefix = "dpk_00000000",
                         .scopes = R"(["payments:write"])"};
  CHECK(keys.add(key, hash, make_row_id(), clerk) == ApiKeyStore::Fault::no_merchant);
  CHECK_FALSE(keys.add(key, hash, ayu, clerk));
  const auto holder = keys.holder(hash);
  REQUIRE(holder);
  CHECK(holder->merchant == merchant);
  CHECK(holder->user == ayu);
  CHECK(holder->scopes == std::vector<std::string>{"payments:write"});
  CHECK(keys.list(merchant, ayu)->front().last_used_at_ms);
  CHECK_FALSE(keys.holder(hash_of_api_key("dpk_00000000_secreT")));

  merchants.trash(merchant, {}, clerk);
  CHECK_FALSE(keys.holder(hash));
  merchants.restore(merchant, {}, clerk);
  CHECK(keys.holder(hash));
  sql.run("UPDATE api_key SET expires_at = now() - interval '1 second'");
  CHECK_FALSE(keys.holder(hash));
  sql.run("UPDATE api_key SET expires_at = NULL");
  sql.run("UPDATE app_user SET status = 'locked'");
  CHECK_FALSE(keys.holder(hash));
  sql.run("UPDATE app_user SET status = 'active'");
  CHECK(keys.revoke(merchant, key.id, ayu, clerk));
  CHECK_FALSE(keys.holder(hash));
  CHECK_FALSE(keys.revoke(merchant, make_row_id(), ayu, clerk));
}

}  // namespace dompet::testing
