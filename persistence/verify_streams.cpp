#include <algorithm>
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

std::optional<Uuid> parent_of(const Record& record) {
  const bool has_parent = record.transaction && record.transaction->parent != TransactionId{};
  return has_parent ? std::optional{record.transaction->parent.uuid} : std::nullopt;
}

std::optional<std::int16_t> risk_of(const Record& record) {
  return record.risk ? std::optional{risk_column(record.risk->action, record.risk->score)} : std::nullopt;
}

}  // namespace

void StreamPass::run() {
  look_at_shards();
  for (Place& place : places_) {
    look_at_streams(place);
    look_at_keys(place);
    if (places_.size() > 1)
      look_at_copies(place);
  }
  if (places_.size() > 1)
    look_at_keys_of_all();
  look_at_totals();
  look_at_transits();
}

void StreamPass::look_at_shards() {
  for (Shard shard = 0; shard < shard_count_; ++shard) {
    const auto homes = std::ranges::count_if(places_, [&](const Place& place) { return place.speaks_for(shard); });
    placed_.look(homes == 1, homes == 0 ? "a shard lives in none of the databases" : "a shard lives in two databases",
                 "shard " + std::to_string(shard));
  }
}

void StreamPass::look_at_streams(Place& place) {
  owned_epochs_.clear();
  place.session.ask("SELECT shard, epoch FROM shard").each([&](const Row& row) {
    owned_epochs_[static_cast<Shard>(row.number(0))] = static_cast<std::uint64_t>(row.number(1));
  });
  previous_.reset();
  movements_.begin(place);
  Cursor records(place.session, "streams",
                 "SELECT " + journal_columns() + " FROM journal j WHERE true" + Place::only_here("shard") +
                     " ORDER BY shard, shard_seq");
  for (; records.front() != nullptr; records.advance())
    look_at(journal_row(*records.front()));
  movements_.end(place);
}

/// Records of shards that live elsewhere: kept for a wallet that lives here, or not yet cleared away after a move.
void StreamPass::look_at_copies(Place& place) {
  constexpr std::size_t copies_a_question = 1'000;
  Cursor copies(place.session, "copies",
                "SELECT shard, shard_seq, md5(j::text) FROM journal j WHERE NOT (true" + Place::only_here("shard") +
                    ") ORDER BY shard, shard_seq");
  std::vector<std::pair<std::int64_t, std::string>> some;
  Shard shard = 0;
  const auto flush = [&] {
    if (!some.empty())
      compare(some, shard);
    some.clear();
  };
  for (; copies.front() != nullptr; copies.advance()) {
    const Row& row = *copies.front();
    if (row.number(0) != shard || some.size() == copies_a_question)
      flush();
    shard = static_cast<Shard>(row.number(0));
    some.emplace_back(row.number(1), row.text(2));
  }
  flush();
}

void StreamPass::compare(const std::vector<std::pair<std::int64_t, std::string>>& copies, Shard shard) {
  const auto home = std::ranges::find_if(places_, [&](const Place& place) { return place.speaks_for(shard); });
  if (home == places_.end())
    return;
  std::string numbers;
  for (const auto& [shard_seq, digest] : copies)
    numbers += (numbers.empty() ? '{' : ',') + std::to_string(shard_seq);
  std::map<std::int64_t, std::string> originals;
  home->session
      .ask("SELECT shard_seq, md5(j::text) FROM journal j WHERE shard = $1 AND shard_seq = ANY ($2)",
           Parameters{}.add(shard).add(numbers + "}"))
      .each([&](const Row& row) { originals[row.number(0)] = row.text(1); });
  for (const auto& [shard_seq, digest] : copies) {
    const auto original = originals.find(shard_seq);
    placed_.look(original != originals.end() && original->second == digest,
                 original == originals.end() ? "a record is the copy of none" : "a record is not what it is a copy of",
                 "journal shard " + std::to_string(shard) + " shard_seq " + std::to_string(shard_seq));
  }
}

void StreamPass::look_at(const JournalRow& row) {
  ++records_;
  look_at_place(row);
  if (row.key)
    keys_.count();
  try {
    const Record record = decode(row);
    readable_.look(stands_in_its_shard(row, shard_count_), "a record stands in a shard that is not its own",
                   where_is(row));
    readable_.look(parent_of(record) == row.parent, "a record names another payment than its row", where_is(row));
    readable_.look(risk_of(record) == row.risk, "a record was assessed otherwise than its row says", where_is(row));
    look_at_money(row, record);
    movements_.count(record);
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
  const bool first = !previous_ || previous_->shard != here.shard;
  // The first of a stream follows an imagined record with number 0.
  const std::array pair{first ? Record{.shard = here.shard} : *previous_, here};
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
  // That went outside, or stands against the accounts of exchange.
  if (transaction.kind == TransactionKind::withdrawal || transaction.fx)
    return;
  const bool in = record.kind == RecordKind::transfer_credited;
  const Shard peer = shard_of(in ? transaction.source : transaction.destination, shard_count_);
  auto& transit = books_.transits[{record.shard, peer, transaction.currency.numeric}];
  (in ? transit.in : transit.out) += transaction.amount;
}

void StreamPass::look_at_keys(Place& place) {
  const Rows repeated = place.session.ask(
      "SELECT key FROM journal WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1 ORDER BY key LIMIT 1000");
  repeated.each([&](const Row& row) {
    const KeyId key{row.uuid(0)};
    std::vector<Record> records;
    place.session.ask("SELECT id FROM journal WHERE key = $1", Parameters{}.add(key.uuid)).each([&](const Row& record) {
      records.push_back({.id = {record.uuid(0)}});
    });
    if (const auto violation = invariants::one_transaction_per_key(records))
      keys_.fault(*violation + " (journal key " + to_string(key) + ")");
  });
}

/// Each database has a unique index of its own: between two of them only this finds a key that was used twice.
void StreamPass::look_at_keys_of_all() {
  MergedCursor keys(places_, "keys", "SELECT key, id FROM journal WHERE key IS NOT NULL ORDER BY key", 0);
  Record before{.stamp = Stamp{}};
  for (; keys.front() != nullptr; keys.advance()) {
    const Row& row = *keys.front();
    Record here{.id = {row.uuid(1)}, .stamp = Stamp{.key = {row.uuid(0)}}};
    if (here.stamp->key == before.stamp->key && here.id != before.id)
      keys_.fault("I8: key " + to_string(here.stamp->key) + " has transactions " + to_string(before.id) + " and " +
                  to_string(here.id) + " in two databases");
    before = std::move(here);
  }
}

void StreamPass::look_at_totals() {
  auto expected = books_.totals;
  const auto look = [&](const Row& row) {
    const std::pair key{static_cast<Shard>(row.number(0)), std::string{row.text(1)}};
    const std::string where = "system_total shard " + std::to_string(key.first) + " account " + key.second + " says " +
                              std::to_string(row.number(2)) + ", the records " + std::to_string(expected[key]);
    totals_.look(expected[key] == row.number(2), "a total is not what its records add up to", where);
    expected.erase(key);
  };
  for (Place& place : places_)
    place.session
        .ask("SELECT shard, account, total FROM system_total WHERE true" + Place::only_here("shard") +
             " ORDER BY shard, account")
        .each(look);
  for (const auto& [key, total] : expected)
    totals_.look(total == 0, "a total has no row",
                 "system_total shard " + std::to_string(key.first) + " account " + key.second);
}

void StreamPass::look_at_transits() {
  auto expected = books_.transits;
  const auto look = [&](const Row& row) {
    const std::tuple key{static_cast<Shard>(row.number(0)), static_cast<Shard>(row.number(1)),
                         static_cast<std::uint16_t>(row.number(2))};
    const Books::Transit known = expected[key];
    transits_.look(known.out == row.number(3) && known.in == row.number(4), "transit is not what its records add up to",
                   "transit shard " + std::to_string(row.number(0)) + " peer_shard " + std::to_string(row.number(1)));
    expected.erase(key);
  };
  for (Place& place : places_)
    place.session
        .ask("SELECT shard, peer_shard, currency, out_total, in_total FROM transit WHERE true" +
             Place::only_here("shard") + " ORDER BY 1, 2, 3")
        .each(look);
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
  for (const Check* check : {&placed_, &readable_, &contiguous_, &balanced_, &keys_, &totals_, &transits_})
    checks.push_back(check->result());
  checks.push_back(movements_.result());
}

}  // namespace dompet::verifying
