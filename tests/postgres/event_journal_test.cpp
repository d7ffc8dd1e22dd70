#include <catch2/catch_test_macros.hpp>

#include <array>

#include "persistence/event_journal.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

std::vector<std::uint64_t> seqs_of(const std::vector<WalletNews>& news) {
  std::vector<std::uint64_t> seqs;
  for (const WalletNews& one : news)
    seqs.push_back(one.seq);
  return seqs;
}

}  // namespace

TEST_CASE("a wallet's news keep its order when it went to a node whose clock is behind", "[events]") {
  TestLedger ledger;
  const std::int64_t behind = ledger.now_ms();
  ledger.go_to(behind + 60'000);
  const WalletId wallet = ledger.open_wallet("ani");
  ledger.top_up(wallet, 1'00);
  ledger.commit();
  ledger.go_to(behind);
  ledger.top_up(wallet, 2'00);
  ledger.commit();
  ledger.top_up(wallet, 3'00);
  ledger.commit();
  EventJournal journal(ledger.sql());
  CHECK(seqs_of(journal.news(std::array{WalletPlace{wallet}}, 10)) == std::vector<std::uint64_t>{1, 2, 3, 4});
  CHECK(seqs_of(journal.news(std::array{WalletPlace{wallet}}, 2)) == std::vector<std::uint64_t>{1, 2});
  CHECK(seqs_of(journal.news(std::array{WalletPlace{wallet, 2}}, 1)) == std::vector<std::uint64_t>{3});
}

}  // namespace dompet::testing
