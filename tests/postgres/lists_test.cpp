#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "persistence/saga_inspector.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

struct Market {
  WalletId ayu{};
  WalletId budi{};
  std::vector<TransactionId> ids{};
  TransactionId settled{};
  TransactionId released{};
  TransactionId open{};
};

/// Sixty transactions of every kind and state, in the order of their ids.
Market market(TestLedger& ledger) {
  Market m;
  m.ayu = ledger.open_wallet("Ayu Lestari");
  m.budi = ledger.open_wallet("Budi");
  for (int i = 0; i < 19; ++i) {
    m.ids.push_back(ledger.top_up(m.ayu, 10'000 + i, i % 2 == 0 ? "bri" : "bca"));
    m.ids.push_back(ledger.transfer(m.ayu, m.budi, 100 + i));
    m.ids.push_back(ledger.decline_transfer(m.ayu, m.budi, 99'999'999, Decline::insufficient_funds));
    ledger.commit();
  }
  m.ids.push_back(m.settled = ledger.place_hold(m.ayu, m.budi, 1));
  m.ids.push_back(m.released = ledger.place_hold(m.ayu, m.budi, 2));
  m.ids.push_back(m.open = ledger.place_hold(m.ayu, m.budi, 3));
  ledger.commit();
  ledger.credit(m.settled);
  ledger.refuse(m.released, Decline::wallet_frozen);
  ledger.commit();
  ledger.capture(m.settled);
  ledger.release(m.released);
  ledger.commit();
  return m;
}

/// Every page of a list, one after another.
std::vector<StoredTransaction> all_pages(Reader& reader, const TransactionFilter& filter, int limit) {
  std::vector<StoredTransaction> all;
  std::optional<TransactionCursor> before;
  for (;;) {
    const auto page = reader.transactions(filter, before, limit);
    CHECK(page.size() <= static_cast<std::size_t>(limit));
    all.insert(all.end(), page.begin(), page.end());
    if (page.size() < static_cast<std::size_t>(limit))
      return all;
    before = all.back().place;
  }
}

std::vector<TransactionId> ids_of(const std::vector<StoredTransaction>& list) {
  std::vector<TransactionId> ids;
  for (const StoredTransaction& stored : list)
    ids.push_back(stored.record.id);
  return ids;
}

std::size_t how_many(Reader& reader, const TransactionFilter& filter) { return all_pages(reader, filter, 7).size(); }

std::int64_t journal_scans(SqlSession& sql) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (sql.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dompet/reader'")[0].number(0) > 0)
    REQUIRE(std::chrono::steady_clock::now() < deadline);
  return sql.ask("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'journal'")[0].number(0);
}

}  // namespace

TEST_CASE("the list of transactions shows each once, newest first, whatever the page's size", "[lists]") {
  TestLedger ledger;
  const Market m = market(ledger);
  std::vector<TransactionId> expected = m.ids;
  std::ranges::reverse(expected);
  CHECK(ids_of(all_pages(ledger.reader(), {}, 200)) == expected);
  CHECK(ids_of(all_pages(ledger.reader(), {}, 7)) == expected);
  CHECK(ids_of(all_pages(ledger.reader(), {}, 1)) == expected);
}

TEST_CASE("a wallet's list shows what moved its money and what it declined", "[lists]") {
  TestLedger ledger;
  const Market m = market(ledger);
  Reader& reader = ledger.reader();
  const auto payer = all_pages(reader, {.wallet = m.ayu}, 200);
  CHECK(payer.size() == m.ids.size());
  CHECK(ids_of(all_pages(reader, {.wallet = m.ayu}, 4)) == ids_of(payer));
  CHECK(ids_of(all_pages(reader, {.wallet = m.ayu}, 1)) == ids_of(payer));
  // The receiver sees nineteen transfers in one record and the one by steps that credited him.
  const auto receiver = all_pages(reader, {.wallet = m.budi}, 3);
  CHECK(receiver.size() == 20);
  CHECK(receiver.front().record.id == m.settled);
  CHECK(receiver.front().state == SagaState::settled);
  const auto ids = ids_of(receiver);
  CHECK(std::set(ids.begin(), ids.end()).size() == 20);
}

TEST_CASE("filters of the list of transactions find what they say", "[lists]") {
  TestLedger ledger;
  const Market m = market(ledger);
  Reader& reader = ledger.reader();
  for (const auto& wallet : {std::optional<WalletId>{}, std::optional{m.ayu}}) {
    CHECK(how_many(reader, {.wallet = wallet, .kind = TransactionKind::topup}) == 19);
    CHECK(how_many(reader, {.wallet = wallet, .kind = TransactionKind::transfer}) == 41);
    CHECK(all_pages(reader, {.wallet = wallet, .kind = TransactionKind::topup}, 1).size() == 19);
    CHECK(how_many(reader, {.wallet = wallet, .status = "completed"}) == 39);
    CHECK(how_many(reader, {.wallet = wallet, .status = "declined"}) == 19);
    CHECK(how_many(reader, {.wallet = wallet, .status = "pending"}) == 1);
    CHECK(how_many(reader, {.wallet = wallet, .status = "failed"}) == 1);
    CHECK(how_many(reader, {.wallet = wallet, .status = "cancelled"}) == 0);
    CHECK(how_many(reader, {.wallet = wallet, .method = "bca"}) == 9);
    CHECK(how_many(reader, {.wallet = wallet, .min_amount = 10'005, .max_amount = 10'009}) == 5);
    const std::int64_t fifth = unix_ms_of(m.ids.at(12).uuid);
    CHECK(how_many(reader, {.wallet = wallet, .to_ms = fifth}) == 12);
    CHECK(how_many(reader, {.wallet = wallet, .from_ms = fifth}) == m.ids.size() - 12);
  }
  CHECK(reader.transactions({.status = "failed"}, {}, 5).at(0).refusal == Decline::wallet_frozen);
  CHECK(reader.transactions({.status = "declined"}, {}, 5).at(0).record.decline == Decline::insufficient_funds);
}

TEST_CASE("the list of wallets shows each with its balance, and finds a part of a name", "[lists]") {
  TestLedger ledger;
  const Market m = market(ledger);
  Reader& reader = ledger.reader();
  const auto list = reader.wallets({}, "", 10);
  REQUIRE(list.size() == 2);
  CHECK(list[0].history == ledger.writer().history(m.budi));
  CHECK(list[1].history == ledger.writer().history(m.ayu));
  CHECK(list[1].opened_at_ms == reader.opened_at_ms(m.ayu));
  CHECK(reader.wallets(m.budi, "", 10).size() == 1);
  CHECK(reader.wallets({}, "lestari", 10).size() == 1);
  CHECK(reader.wallets({}, "%", 10).empty());
}

TEST_CASE("no list and no look-up reads the whole journal", "[lists]") {
  TestLedger ledger;
  const Market m = market(ledger);
  std::vector<WalletId> people;
  for (int i = 0; i < 500; ++i) {
    Record record{.kind = RecordKind::wallet_changed, .id = {make_incarnation().uuid}};
    people.push_back({record.id.uuid});
    record.add_leg(people.back(), WalletOpened{*find_currency("IDR"), "Somebody", {}});
    ledger.writer().add(std::move(record));
  }
  ledger.commit();
  for (std::size_t i = 0; i < 50'000; ++i) {
    if (i < 500)
      ledger.top_up(people[i], 1'000'000);
    else
      ledger.transfer(people[i % 500], people[(i * 7 + 1) % 500], 10);
    if (i % 5'000 == 4'999)
      ledger.commit();
  }
  const TransactionId last = ledger.top_up(people[0], 1);
  const KeyId key = ledger.last_key();
  ledger.commit();
  const UserId owner{make_incarnation().uuid};
  for (int i = 5; i < 8; ++i)
    ledger.sql().run("UPDATE wallet SET owner = '" + to_string(owner) + "' WHERE id = '" +
                     to_string(people[static_cast<std::size_t>(i)]) + "'");
  ledger.sql().run("VACUUM ANALYZE");
  const std::int64_t before = journal_scans(ledger.sql());
  {
    Reader reader(ReaderSettings{.database = database_url()});
    for (const auto& wallet : {std::optional<WalletId>{}, std::optional{people[3]}, std::optional{m.ayu}}) {
      const TransactionFilter filters[]{{},
                                        {.kind = TransactionKind::topup},
                                        {.kind = TransactionKind::transfer},
                                        {.status = "completed"},
                                        {.status = "pending"},
                                        {.status = "declined"},
                                        {.status = "failed"},
                                        {.method = "bca"},
                                        {.status = "cancelled"},
                                        {.currency = *find_currency("USD")},
                                        {.from_ms = ledger.now_ms() - 5'000},
                                        {.min_amount = 1'000, .max_amount = 2'000}};
      for (TransactionFilter filter : filters) {
        filter.wallet = wallet;
        const auto page = reader.transactions(filter, {}, 50);
        if (page.size() == 50)
          reader.transactions(filter, page.back().place, 50);
      }
      for (const auto& state : {std::optional<SagaState>{}, std::optional{SagaState::settled},
                                std::optional{SagaState::declined}, std::optional{SagaState::reserved}})
        SagaInspector(reader).list({.state = state, .wallet = wallet}, SagaPlace{0, last}, 50);
    }
    for (const TransactionFilter& filter : {TransactionFilter{.owner = owner},
                                            {.owner = owner, .status = "declined"},
                                            {.owner = owner, .direction = Direction::in},
                                            {.owner = owner, .direction = Direction::out},
                                            {.wallet = people[3], .direction = Direction::in},
                                            {.wallet = people[3], .direction = Direction::out},
                                            {.wallet = people[3], .card = CardId{}, .card_wallet = people[3]}}) {
      const auto page = reader.transactions(filter, {}, 50);
      if (page.size() == 50)
        CHECK(reader.transactions(filter, page.back().place, 50).size() >= 49);  // a wallet sent 99
    }
    CHECK(reader.wallets({}, "", 50, owner).size() == 3);
    // Prepared statements get a plan without their values after five runs.
    for (int i = 0; i < 8; ++i) {
      CHECK(reader.load_wallet(people[0]));
      CHECK(reader.record_of_key(key));
      CHECK(reader.transaction(last));
      CHECK(reader.timeline(last).size() == 1);
      CHECK(reader.decision(last).outcome == Decision::none);
      CHECK(reader.statement(people[0], {}, 50).size() == 50);
      CHECK(reader.wallet_as_of(people[0], ledger.now_ms() - 9'000));
      CHECK(reader.stream(3, 10, 50).size() == 50);
      CHECK(reader.refundable(last, people[1]) == Refundable{});
      CHECK(reader.authorizations_before(3, ledger.now_ms(), {}, 50).empty());
      reader.keys_of(3, [](const KeyId&) {});
    }
    CHECK(reader.wallets({}, "", 50).size() == 50);
  }
  CHECK(journal_scans(ledger.sql()) == before);
}

}  // namespace dompet::testing
