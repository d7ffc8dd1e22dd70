#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "http/access/token.hpp"
#include "persistence/access_store.hpp"
#include "persistence/vault.hpp"
#include "tests/unit/scratch.hpp"

using namespace dompet;
using http::KeySet;
using http::make_signing_key;
using http::TokenClaims;

namespace {

constexpr std::int64_t now_ms = 1'763'668'800'123;
constexpr std::int64_t day_ms = 86'400'000;

struct Mint {
  scratch::Directory scratch{};
  Vault vault = Vault::open(scratch.path() / "keys");
  StoredSigningKey key = make_signing_key(vault, now_ms - day_ms, 30 * day_ms, day_ms);

  std::shared_ptr<const KeySet> keys(std::string issuer = "dompet") const {
    return KeySet::make({key}, vault, std::move(issuer));
  }
};

TokenClaims ani() { return {Uuid{{1}}, Uuid{{2}}, "ani", {"customer", "viewer"}, now_ms, now_ms + 900'000}; }

TokenClaims ani_after(std::int64_t pause_ms) {
  TokenClaims claims = ani();
  claims.issued_ms += pause_ms;
  claims.expires_ms += pause_ms;
  return claims;
}

}  // namespace

TEST_CASE("a token says what it was made to say, until it is over") {
  const Mint mint;
  const auto keys = mint.keys();
  const std::string token = keys->sign(ani());
  const auto claims = keys->verify(token, now_ms);
  REQUIRE(claims);
  CHECK(claims->user == ani().user);
  CHECK(claims->session == ani().session);
  CHECK(claims->name == "ani");
  CHECK(claims->roles == ani().roles);
  CHECK(claims->issued_ms == now_ms);
  CHECK(keys->verify(token, now_ms + 899'000));
  CHECK(!keys->verify(token, now_ms + 900'000));
}

TEST_CASE("a token with any letter changed is none") {
  const Mint mint;
  const auto keys = mint.keys();
  const std::string token = keys->sign(ani());
  for (std::size_t at = 0; at + 1 < token.size(); at += 3) {
    std::string changed = token;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    CHECK(!keys->verify(changed, now_ms));
  }
  for (const char* text : {"", ".", "..", "...", "a.b.c", "e30.e30."})
    CHECK(!keys->verify(text, now_ms));
}

TEST_CASE("a token of another ledger is none here") {
  const Mint mint;
  const Mint other;
  const std::string token = mint.keys()->sign(ani());
  CHECK(!other.keys()->verify(token, now_ms));
  // The same keys, another issuer.
  CHECK(!mint.keys("another")->verify(token, now_ms));
}

TEST_CASE("a new key signs once every node knows it, and the old one is still checked") {
  const Mint mint;
  const auto fresh = make_signing_key(mint.vault, now_ms, 30 * day_ms, day_ms);
  const auto both = KeySet::make({mint.key, fresh}, mint.vault, "dompet");
  const std::string early = both->sign(ani());
  CHECK(mint.keys()->verify(early, now_ms));
  // Whoever keeps the published keys for as long as he may knows the new one by then.
  const std::int64_t kept_ms = std::chrono::milliseconds(http::jwks_may_be_kept).count();
  CHECK(mint.keys()->verify(both->sign(ani_after(kept_ms)), now_ms));
  const std::string late = both->sign(ani_after(kept_ms + 10'000));
  CHECK(!mint.keys()->verify(late, now_ms));
  CHECK(both->verify(early, now_ms));
  CHECK(both->verify(late, now_ms));
  CHECK(both->jwks().contains(fresh.id));
  CHECK(both->jwks().contains(mint.key.id));
}

TEST_CASE("the first key signs at once, and so does one whose predecessor will not outlive the token") {
  const Mint mint;
  const auto fresh = make_signing_key(mint.vault, now_ms, 30 * day_ms, day_ms);
  const auto alone = KeySet::make({fresh}, mint.vault, "dompet");
  CHECK(alone->verify(alone->sign(ani()), now_ms));
  const auto ending = make_signing_key(mint.vault, now_ms - 2 * day_ms, day_ms, day_ms + 60'000);
  const auto both = KeySet::make({ending, fresh}, mint.vault, "dompet");
  CHECK(alone->verify(both->sign(ani()), now_ms));
}

TEST_CASE("a node with another key file hears so at its start") {
  const Mint mint;
  const Mint other;
  CHECK_THROWS_AS(KeySet::make({mint.key}, other.vault, "dompet"), std::runtime_error);
}

TEST_CASE("the published keys are public") {
  const Mint mint;
  const std::string jwks = mint.keys()->jwks();
  for (const char* member : {"\"d\"", "\"p\"", "\"q\"", "PRIVATE"})
    CHECK(!jwks.contains(member));
  CHECK(!mint.key.private_sealed.contains("PRIVATE"));
  CHECK(mint.key.public_pem.contains("PUBLIC"));
}
