#include <array>

#include "domain/ensure.hpp"
#include "domain/posting.hpp"
#include "persistence/verify_parts.hpp"

namespace dompet::verifying {

namespace {

/// The wallet in whose shard's stream a record stands: always the row's `wallet`.
bool stands_in_its_shard(const JournalRow& row, Shard shard_count) {
  return row.wallet && shard_of({*row.wallet}, shard_count) == row.shard;
}

}  // namespace

void StreamPass::run() {
  shard_count_ = static_cast<Shard>(session_.ask("SELECT shard_count FROM ledger")[0].number(0));
  session_.ask("SELECT shard, epoch FROM shard").each([&](const Row& row) {
    owned_epochs_[static_cast<Shard>(row.number(0))] = static_cast<std::uint64_t>(row.number(1));
  });
  Cursor records(session_, "streams", "SELECT " + journal_columns() + " FROM journal j ORDER BY shard, shard_seq");
  for (; records.front() != nullptr; records.advance())
    look_at(journal_row(*records.front()));
  look_at_keys();
  look_at_totals();
  look_at_transits();
}

void StreamPass::look_at(const JournalRow& row) {
  ++records_;
  look_at_place(row);
  if (row.key)
    keys_.count();
  try {
    const Record record = decode(row);
    const bool known = row.kind >= 1 && row.kind <= 10;
    readable_.look(known && stands_in_its_shard(row, shard_count_), "a record stands in a shard that is not its own",
                   where_is(row));
    look_at_money(row, record);
  } catch (const Unreadable& fault) {
    readable_.fault(std::string{fault.what()} + " (" + where_is(row) + ")");
  } catch (const Bug& fault) {
    readable_.fault(std::string{fault.what()} + " (" + where_is(row) + ")");
  }
}

void StreamPass::look_at_place(const JournalRow& row) {
  Record here{.shard = row.shard,
              .shard_seq = static_cast<std::uint64_t>(row.shard_seq),
              .epoch = static_cast<std::uint64_t>(row.epoch)};
  const bool first = records_ == 1 || previous_.shard != here.shard;
  // The first of a stream follows an imagined record with number 0.
  const std::array pair{first ? Record{.shard = here.shard} : previous_, here};
  contiguous_.look(invariants::epochs_never_fall(pair), where_is(row));
  const auto owned = owned_epochs_.find(here.shard);
  if (owned == owned_epochs_.end() || here.epoch > owned->second)
    contiguous_.fault("I1: a record has an epoch that its shard never had (" + where_is(row) + ")");
  previous_ = std::move(here);
}

void StreamPass::look_at_money(const JournalRow& row, const Record& record) {
  balanced_.look(invariants::record_balances(record), where_is(row));
  for (const Entry& entry : system_entries(record))
    books_.totals[{record.shard, entry.account}] += entry.amount;
  if (record.kind != RecordKind::transfer_credited && record.kind != RecordKind::hold_captured)
    return;
  ensure(record.transaction != nullptr, "a step of a transfer names its transaction");
  const Transaction& transaction = *record.transaction;
  const bool in = record.kind == RecordKind::transfer_credited;
  const Shard peer = shard_of(in ? transaction.source : transaction.destination, shard_count_);
  auto& transit = books_.transits[{record.shard, peer, transaction.currency.numeric}];
  (in ? transit.in : transit.out) += transaction.amount;
}

void StreamPass::look_at_keys() {
  const Rows repeated = session_.ask(
      "SELECT key FROM journal WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1 ORDER BY key LIMIT 1000");
  repeated.each([&](const Row& row) {
    const KeyId key{row.uuid(0)};
    std::vector<Record> records;
    session_.ask("SELECT id FROM journal WHERE key = $1", Parameters{}.add(key.uuid)).each([&](const Row& record) {
      records.push_back({.id = {record.uuid(0)}});
    });
    if (const auto violation = invariants::one_transaction_per_key(records))
      keys_.fault(*violation + " (journal key " + to_string(key) + ")");
  });
}

void StreamPass::look_at_totals() {
  auto expected = books_.totals;
  session_.ask("SELECT shard, account, total FROM system_total ORDER BY shard, account").each([&](const Row& row) {
    const std::pair key{static_cast<Shard>(row.number(0)), std::string{row.text(1)}};
    const std::string where = "system_total shard " + std::to_string(key.first) + " account " + key.second + " says " +
                              std::to_string(row.number(2)) + ", the records " + std::to_string(expected[key]);
    totals_.look(expected[key] == row.number(2), "a total is not what its records add up to", where);
    expected.erase(key);
  });
  for (const auto& [key, total] : expected)
    totals_.look(total == 0, "a total has no row",
                 "system_total shard " + std::to_string(key.first) + " account " + key.second);
}

void StreamPass::look_at_transits() {
  auto expected = books_.transits;
  session_.ask("SELECT shard, peer_shard, currency, out_total, in_total FROM transit ORDER BY 1, 2, 3")
      .each([&](const Row& row) {
        const std::tuple key{static_cast<Shard>(row.number(0)), static_cast<Shard>(row.number(1)),
                             static_cast<std::uint16_t>(row.number(2))};
        const Books::Transit known = expected[key];
        transits_.look(
            known.out == row.number(3) && known.in == row.number(4), "transit is not what its records add up to",
            "transit shard " + std::to_string(row.number(0)) + " peer_shard " + std::to_string(row.number(1)));
        expected.erase(key);
      });
  for (const auto& [key, transit] : expected)
    transits_.look(transit.out == 0 && transit.in == 0, "transit has no row",
                   "transit shard " + std::to_string(std::get<0>(key)) + " peer_shard " +
                       std::to_string(std::get<1>(key)));
  for (const auto& [key, sent] : books_.transits) {
    const auto& [shard, peer, currency] = key;
    const auto received = books_.transits.find({peer, shard, currency});
    const Minor in = received == books_.transits.end() ? 0 : received->second.in;
    transits_.look(sent.out <= in, "more was captured than credited",
                   "transit shard " + std::to_string(shard) + " peer_shard " + std::to_string(peer));
  }
}

void StreamPass::report(std::vector<LedgerCheck>& checks) const {
  for (const Check* check : {&readable_, &contiguous_, &balanced_, &keys_, &totals_, &transits_})
    checks.push_back(check->result());
}

}  // namespace dompet::verifying
