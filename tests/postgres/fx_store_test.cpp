#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "persistence/fx_store.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

struct Treasury {
  Treasury() { make_empty_ledger(); }

  Reader reader{{.database = database_url()}};
  FxStore store{reader};

  static RateRow row(const char* bid, std::int64_t at_ms) {
    return {*find_currency("USD"), *find_currency("IDR"), *parse_rate(bid), *parse_rate(bid), at_ms, "file"};
  }
  int add(const char* bid, std::int64_t at_ms) { return store.add({row(bid, at_ms)}, "rates.json"); }
  std::string bid() { return format_rate(store.newest().at(0).bid); }

  FxQuote quote(std::int64_t lifetime_ms = 60'000) {
    FxQuote made{.id = {make_incarnation().uuid},
                 .client = "user:ayu",
                 .from = *find_currency("USD"),
                 .amount = 1'000,
                 .to = *find_currency("IDR"),
                 .converted = 15'200'000};
    made.rate = {*parse_rate("15200"), 1'000, *find_currency("SGD")};
    store.keep(made, lifetime_ms);
    return made;
  }
  QuoteFault claim(const FxQuote& quote, const char* key, const char* client = "user:ayu", Minor amount = 1'000,
                   std::uint64_t fingerprint = 7) {
    return store.claim(quote.id, client, {quote.from, amount}, key_id(client, key), fingerprint).fault;
  }
};

}  // namespace

TEST_CASE("the newest rate of a pair is the one of the latest time, whichever came last") {
  Treasury treasury;
  CHECK(treasury.add("15000", 2'000) == 1);
  CHECK(treasury.add("14000", 1'000) == 1);
  CHECK(treasury.bid() == "15000");
  CHECK(treasury.add("16000.1234567890123", 3'000) == 1);
  CHECK(treasury.bid() == "16000.1234567890123");
  CHECK(treasury.store.newest().at(0).at_ms == 3'000);
}

TEST_CASE("the same rate from every node is one row of the history") {
  Treasury treasury;
  CHECK(treasury.add("15000", 1'000) == 1);
  const std::uint64_t number = treasury.store.last_number();
  CHECK(treasury.add("15000", 1'000) == 0);
  CHECK(treasury.add("15000.0", 1'000) == 0);
  CHECK(treasury.store.last_number() == number);
  CHECK(treasury.add("15001", 1'000) == 1);
  const auto history = treasury.store.history(find_currency("USD"), {}, 0, 10);
  REQUIRE(history.size() == 2);
  CHECK(format_rate(history[0].row.bid) == "15001");
  CHECK(history[0].who == "rates.json");
  CHECK(treasury.store.history(find_currency("EUR"), {}, 0, 10).empty());
  CHECK(treasury.store.history({}, find_currency("IDR"), history[0].number, 10).size() == 1);
}

TEST_CASE("an older document that is read again and again is no news, whatever was said since") {
  Treasury treasury;
  CHECK(treasury.add("15000", 1'000) == 1);
  CHECK(treasury.add("16000", 2'000) == 1);
  for (int i = 0; i < 3; ++i)
    CHECK(treasury.add("15000", 1'000) == 0);
  CHECK(treasury.store.history({}, {}, 0, 10).size() == 2);
  CHECK(treasury.bid() == "16000");
  CHECK(treasury.store.newest().at(0).number == treasury.store.history({}, {}, 0, 1).at(0).number);
}

TEST_CASE("a quote is kept as it was made") {
  Treasury treasury;
  const FxQuote made = treasury.quote();
  CHECK(made.expires_at_ms - made.made_at_ms == 60'000);
  const auto kept = treasury.store.quote(made.id, "user:ayu");
  REQUIRE(kept);
  CHECK(kept->converted == 15'200'000);
  CHECK(kept->rate.rate == made.rate.rate);
  CHECK(kept->rate.through == find_currency("SGD"));
  CHECK_FALSE(kept->is_used);
  CHECK_FALSE(treasury.store.quote(made.id, "user:budi"));
  CHECK(treasury.store.quote(made.id, ""));
}

TEST_CASE("a quote is claimed by one key, for its amount, by its owner, while it lives") {
  Treasury treasury;
  const FxQuote quote = treasury.quote();
  CHECK(treasury.claim(quote, "k", "user:budi") == QuoteFault::not_found);
  CHECK(treasury.claim(quote, "k", "user:ayu", 999) == QuoteFault::mismatch);
  CHECK(treasury.claim(quote, "k") == QuoteFault::none);
  CHECK(treasury.claim(quote, "k") == QuoteFault::none);
  CHECK(treasury.claim(quote, "another") == QuoteFault::used);
  CHECK(treasury.claim(quote, "k", "user:ayu", 1'000, 8) == QuoteFault::used);
  CHECK(treasury.store.quote(quote.id, "user:ayu")->is_used);
}

TEST_CASE("of many who claim a quote at once, by two keys and for two requests, all of one request have it") {
  Treasury treasury;
  const FxQuote quote = treasury.quote();
  struct Claim {
    const char* key;
    std::uint64_t fingerprint;
    QuoteFault fault = QuoteFault::not_found;
  };
  std::vector<Claim> claims{{"k", 1}, {"k", ~0ULL}, {"another", 1}, {"k", 1}, {"another", ~0ULL}, {"k", ~0ULL}};
  {
    std::vector<std::jthread> threads;
    for (Claim& claim : claims)
      threads.emplace_back([&claim, &quote] {
        Reader reader({.database = database_url()});
        claim.fault =
            FxStore(reader)
                .claim(quote.id, "user:ayu", {quote.from, 1'000}, key_id("user:ayu", claim.key), claim.fingerprint)
                .fault;
      });
  }
  const auto winner = std::ranges::find(claims, QuoteFault::none, &Claim::fault);
  REQUIRE(winner != claims.end());
  for (const Claim& claim : claims) {
    const bool is_same = std::string_view{claim.key} == winner->key && claim.fingerprint == winner->fingerprint;
    CHECK(claim.fault == (is_same ? QuoteFault::none : QuoteFault::used));
  }
}

TEST_CASE("a quote that is over is claimed by nobody but its key, and by that not for ever") {
  Treasury treasury;
  SqlSession sql = open_session();
  const FxQuote unused = treasury.quote();
  const FxQuote used = treasury.quote();
  CHECK(treasury.claim(used, "k") == QuoteFault::none);
  sql.run("UPDATE fx_quote SET made_at = made_at - interval '61 s', expires_at = expires_at - interval '61 s'");
  CHECK(treasury.claim(unused, "k") == QuoteFault::expired);
  CHECK(treasury.claim(used, "k") == QuoteFault::none);
  sql.run("UPDATE fx_quote SET made_at = made_at - interval '60 s', expires_at = expires_at - interval '60 s'");
  CHECK(treasury.claim(used, "k") == QuoteFault::expired);
  treasury.store.sweep();
  CHECK(treasury.store.quote(used.id, ""));
  sql.run("UPDATE fx_quote SET expires_at = now() - interval '41 days'");
  treasury.store.sweep();
  CHECK_FALSE(treasury.store.quote(used.id, ""));
}

}  // namespace dompet::testing
