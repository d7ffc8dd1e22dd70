#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <vector>

#include "domain/shard.hpp"
#include "tests/unit/given.hpp"

using namespace dompet;

namespace {

/// A wallet's shard is this one for ever. The numbers come from an independent FNV-1a; if this fails, the code is
/// wrong, not the test: every ledger in the world would look for its wallets in the wrong place.
void check(const char* wallet, Shard of_64, Shard of_100, Shard of_4096) {
  INFO(wallet);
  const WalletId id{*parse_uuid(wallet)};
  CHECK(shard_of(id, 64) == of_64);
  CHECK(shard_of(id, 100) == of_100);
  CHECK(shard_of(id, 4'096) == of_4096);
  CHECK(shard_of(id, 1) == 0);
}

}  // namespace

TEST_CASE("a wallet lives in the same shard for ever") {
  check("00000000-0000-0000-0000-000000000000", 28, 52, 3'036);
  check("0190f3a2-7b4c-7def-8123-456789abcdef", 28, 24, 156);
  check("01939f6e-0000-7000-8000-000000000001", 48, 40, 1'584);
  check("ffffffff-ffff-ffff-ffff-ffffffffffff", 29, 33, 3'421);
}

TEST_CASE("wallets spread evenly over the shards, also those opened one after another") {
  given::Random random(7);
  std::vector<int> spread(default_shard_count);
  constexpr int wallets = 64'000;
  for (int i = 0; i < wallets; ++i)
    ++spread[shard_of({make_uuid_v7(1'763'640'000'000 + i / 50, random.bytes<10>())}, default_shard_count)];
  // 1,000 expected each; five standard deviations are 157.
  CHECK(*std::ranges::min_element(spread) > 840);
  CHECK(*std::ranges::max_element(spread) < 1'160);
}
