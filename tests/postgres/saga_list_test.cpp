#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "persistence/saga_desk.hpp"
#include "persistence/saga_inspector.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

struct Town {
  WalletId ayu{};
  WalletId budi{};
  WalletId citra{};
  std::vector<TransactionId> holds{};
  TransactionId settled{};
  TransactionId released{};
};

/// Twenty whole transfers, twenty declined ones, a settled and a released one, and six open ones of which the last two
/// are being cancelled. Every round is a second.
Town town(TestLedger& ledger) {
  Town t;
  t.ayu = ledger.open_wallet("Ayu");
  t.budi = ledger.open_wallet("Budi");
  t.citra = ledger.open_wallet("Citra");
  ledger.top_up(t.ayu, 1'000'000);
  ledger.commit();
  for (int i = 0; i < 20; ++i) {
    ledger.transfer(t.ayu, t.budi, 100 + i);
    ledger.decline_transfer(t.ayu, t.citra, 9'999'999, Decline::insufficient_funds);
    ledger.commit();
  }
  t.settled = ledger.place_hold(t.ayu, t.budi, 1);
  t.released = ledger.place_hold(t.ayu, t.budi, 2);
  ledger.commit();
  ledger.credit(t.settled);
  ledger.refuse(t.released, Decline::wallet_frozen);
  ledger.commit();
  ledger.capture(t.settled);
  ledger.release(t.released);
  ledger.commit();
  for (int i = 0; i < 6; ++i) {
    t.holds.push_back(ledger.place_hold(t.ayu, i % 2 == 0 ? t.budi : t.citra, 1'000 + 10 * i));
    ledger.commit();
  }
  ledger.cancel(t.holds[4]);
  ledger.cancel(t.holds[5]);
  ledger.commit();
  return t;
}

std::vector<TransactionId> ids_of(const std::vector<SagaRow>& rows) {
  std::vector<TransactionId> ids;
  for (const SagaRow& row : rows)
    ids.push_back(row.saga.id);
  return ids;
}

/// Every page of a list, one after another.
std::vector<TransactionId> every_page(Reader& reader, const SagaSearch& search, int limit) {
  std::vector<SagaRow> all;
  std::optional<SagaPlace> after;
  do {
    SagaPage page = SagaInspector(reader).list(search, after, limit);
    CHECK(std::ssize(page.rows) <= limit);
    all.insert(all.end(), page.rows.begin(), page.rows.end());
    after = page.next;
  } while (after);
  return ids_of(all);
}

std::size_t how_many(Reader& reader, const SagaSearch& search) {
  const auto whole = every_page(reader, search, 100);
  CHECK(every_page(reader, search, 3) == whole);
  return whole.size();
}

}  // namespace

TEST_CASE("the inspector lists every transfer, whichever way it was committed", "[inspector]") {
  TestLedger ledger;
  const Town t = town(ledger);
  Reader& reader = ledger.reader();
  const auto newest = every_page(reader, {}, 5);
  CHECK(newest.size() == 48);
  CHECK(std::ranges::is_sorted(newest, std::ranges::greater{}));
  auto oldest = every_page(reader, {.sort = SagaSort::oldest}, 5);
  std::ranges::reverse(oldest);
  CHECK(oldest == newest);
  for (const auto& wallet : {std::optional<WalletId>{}, std::optional{t.ayu}}) {
    CHECK(how_many(reader, {.state = SagaState::settled, .wallet = wallet}) == 21);
    CHECK(how_many(reader, {.state = SagaState::declined, .wallet = wallet}) == 20);
    CHECK(how_many(reader, {.state = SagaState::reserved, .wallet = wallet}) == 4);
    CHECK(how_many(reader, {.state = SagaState::cancelling, .wallet = wallet}) == 2);
    CHECK(how_many(reader, {.state = SagaState::released, .wallet = wallet}) == 1);
    CHECK(how_many(reader, {.only_open = true, .wallet = wallet}) == 6);
  }
  // Also what is on its way to a wallet, before it has a leg there.
  CHECK(how_many(reader, {.only_open = true, .wallet = t.citra}) == 3);
  const SagaRow compact =
      SagaInspector(reader).list({.state = SagaState::settled}, SagaPlace{0, t.settled}, 1).rows.at(0);
  CHECK(compact.saga.compact);
  CHECK(compact.saga.destination_shard == ledger.writer().shard_of_wallet(t.budi));
}

TEST_CASE("a filter finds exactly what it names", "[inspector]") {
  TestLedger ledger;
  const Town t = town(ledger);
  Reader& reader = ledger.reader();
  const Shard ayu = ledger.writer().shard_of_wallet(t.ayu);
  const Shard citra = ledger.writer().shard_of_wallet(t.citra);
  CHECK(how_many(reader, {.currency = find_currency("IDR")}) == 48);
  CHECK(how_many(reader, {.currency = find_currency("USD")}) == 0);
  CHECK(how_many(reader, {.min_amount = 110, .max_amount = 119}) == 10);
  CHECK(how_many(reader, {.min_amount = 1'020, .max_amount = 1'040}) == 3);
  CHECK(how_many(reader, {.source_shard = ayu}) == 48);
  CHECK(how_many(reader, {.owned = std::vector<Shard>{ayu}}) == 48);
  CHECK(how_many(reader, {.owned = std::vector<Shard>{}}) == 0);
  if (citra != ledger.writer().shard_of_wallet(t.budi))
    CHECK(how_many(reader, {.destination_shard = citra}) == 23);
  CHECK(how_many(reader, {.error = "insufficient_funds"}) == 20);
  CHECK(how_many(reader, {.error = "busy"}) == 0);
  const std::int64_t fourth = unix_ms_of(t.holds[3].uuid);
  CHECK(how_many(reader, {.only_open = true, .created_from_ms = fourth}) == 3);
  CHECK(how_many(reader, {.only_open = true, .created_until_ms = fourth}) == 4);
  CHECK(how_many(reader, {.also = [](const SagaRow& row) { return row.saga.amount == 105; }}) == 1);
}

TEST_CASE("open transfers are sorted by amount, attempts and time in their state", "[inspector]") {
  TestLedger ledger;
  const Town t = town(ledger);
  Reader& reader = ledger.reader();
  auto by_amount = t.holds;
  std::ranges::reverse(by_amount);
  CHECK(every_page(reader, {.sort = SagaSort::largest}, 2) == by_amount);
  CHECK(every_page(reader, {.sort = SagaSort::longest_in_state}, 4) ==
        std::vector{t.holds[0], t.holds[1], t.holds[2], t.holds[3], t.holds[5], t.holds[4]});
  reader.store_attempts(t.holds[2], {{.number = 1, .at_ms = 1'000, .took_ms = 3, .node = "b", .answer = "busy"},
                                     {.number = 2, .at_ms = 2'000, .took_ms = 3, .node = "b", .answer = "busy"}});
  CHECK(every_page(reader, {.sort = SagaSort::most_attempts}, 2).front() == t.holds[2]);
  CHECK(every_page(reader, {.sort = SagaSort::most_attempts}, 2).size() == 6);
  CHECK(how_many(reader, {.error = "busy"}) == 1);
  CHECK(how_many(reader, {.min_attempts = 2}) == 1);
  CHECK(how_many(reader, {.min_attempts = 3}) == 0);
}

TEST_CASE("labels and assignees stick, and lists find them", "[inspector]") {
  TestLedger ledger;
  const Town t = town(ledger);
  Reader& reader = ledger.reader();
  SagaDesk desk(reader);
  const auto note = [&](const TransactionId& saga, std::optional<std::string> label,
                        std::optional<std::string> assignee) {
    return desk.add_note(saga,
                         {make_incarnation().uuid, "dewi", "looking into it", std::move(label), std::move(assignee)});
  };
  CHECK(note(t.holds[0], "night shift", "eko"));
  CHECK(note(t.holds[0], {}, "fajar"));
  CHECK(note(t.settled, "night shift", {}));
  CHECK_FALSE(note({make_incarnation().uuid}, "night shift", {}));
  CHECK(how_many(reader, {.label = "night shift"}) == 2);
  CHECK(how_many(reader, {.assignee = "eko"}) == 0);
  const auto rows = SagaInspector(reader).list({.assignee = "fajar"}, {}, 5).rows;
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].saga.id == t.holds[0]);
  CHECK(rows[0].label == "night shift");
  CHECK(rows[0].note_count == 2);
  CHECK(note(t.holds[0], "", {}));
  CHECK(how_many(reader, {.label = "night shift"}) == 1);
}

TEST_CASE("pages of several databases become one list", "[inspector]") {
  const auto row = [](std::uint8_t id) {
    SagaRow made;
    made.saga.id.uuid.bytes[0] = id;
    return made;
  };
  const auto place = [&](std::uint8_t id) { return SagaPlace{0, row(id).saga.id}; };
  // The second one has only looked down to 5: what the first one found below may have others before it.
  const SagaPage merged = merge({{{row(9), row(3)}, {}}, {{row(8), row(5)}, place(5)}}, SagaSort::newest, 10);
  CHECK(ids_of(merged.rows) == std::vector{row(9).saga.id, row(8).saga.id, row(5).saga.id});
  CHECK(merged.next == place(5));
  const SagaPage cut = merge({{{row(9), row(3)}, {}}, {{row(8), row(5)}, {}}}, SagaSort::newest, 2);
  CHECK(cut.next == place(8));
  CHECK_FALSE(merge({{{row(9)}, {}}, {{row(8)}, {}}}, SagaSort::newest, 2).next);
}

TEST_CASE("the counts tell open transfers by state, age and cause", "[inspector]") {
  TestLedger ledger;
  const Town t = town(ledger);
  Reader& reader = ledger.reader();
  reader.store_attempts(t.holds[2], {{.number = 1, .at_ms = 1'000, .node = "b", .answer = "busy"},
                                     {.number = 2, .at_ms = 2'000, .node = "b", .answer = "busy"}});
  ledger.sql().run("UPDATE saga SET created_at = now() - interval '20 s' WHERE state = 2");
  const SagaCounts counts = SagaInspector(reader).counts();
  CHECK(counts.reserved == 4);
  CHECK(counts.cancelling == 2);
  CHECK(counts.settled == 1);
  CHECK(counts.released == 1);
  // The others were made at the test ledger's own time.
  const auto others = counts.open_by_age;
  CHECK(others[2] == 2);
  CHECK(others[0] + others[1] + others[3] + others[4] == 4);
  REQUIRE_FALSE(counts.causes.empty());
  std::int64_t caused = 0;
  for (const SagaCause& cause : counts.causes)
    caused += cause.count;
  CHECK(caused == 6);
  const auto busy = std::ranges::find(counts.causes, std::string{"busy"}, &SagaCause::error);
  REQUIRE(busy != counts.causes.end());
  CHECK(busy->node == "b");
  CHECK(busy->count == 1);
}

}  // namespace dompet::testing
