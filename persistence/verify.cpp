#include "persistence/verify.hpp"

#include <algorithm>
#include <chrono>
#include <functional>

#include "persistence/verify_parts.hpp"

namespace dompet {

namespace verifying {

std::string where_is(const JournalRow& row) {
  return "journal shard " + std::to_string(row.shard) + " shard_seq " + std::to_string(row.shard_seq) + ", id " +
         to_string(row.id);
}

}  // namespace verifying

bool VerifyReport::is_sound() const {
  return std::ranges::all_of(checks, [](const LedgerCheck& check) { return check.faults == 0; });
}

namespace {

using verifying::Place;
using verifying::Places;

/// Attempts to stop all lanes at once, and how long one may hold them up.
constexpr int most_attempts = 20;
constexpr int hold_up_ms = 500;

Places open_places(const std::vector<std::string>& databases) {
  Places places;
  for (const std::string& database : databases) {
    places.push_back({SqlSession({.database = database, .application_name = "dompet/verify", .connect_timeout_s = 5}),
                      static_cast<int>(places.size())});
    // All of a long answer is read, so plans are chosen for the whole; sorting may take some memory. Rows are compared
    // as texts, which must not depend on a server's settings.
    places.back().session.run("SET cursor_tuple_fraction = 1; SET work_mem = '128MB'; SET jit = off;"
                              " SET timezone = 'UTC'; SET bytea_output = 'hex'; SET extra_float_digits = 1");
  }
  return places;
}

void read_shards(Place& place, Shard shard_count) {
  place.here.assign(shard_count, false);
  place.session.ask(shards_here_sql).each([&](const Row& row) {
    if (row.number(0) < shard_count)
      place.here[static_cast<std::size_t>(row.number(0))] = true;
  });
}

/// Runs `body` in a transaction of every session from this one on, all open at once.
void within_all(Places& places, std::size_t first, const std::function<void()>& body) {
  if (first == places.size())
    return body();
  places[first].session.within("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                               [&] { within_all(places, first + 1, body); });
}

/// Holds up every lane of a database while it lives: each commit shares a lock on its row of lane_fence.
class HeldUp {
 public:
  explicit HeldUp(const std::string& database)
      : session_({.database = database,
                  .application_name = "dompet/verify",
                  .connect_timeout_s = 5,
                  .lock_timeout_ms = hold_up_ms}) {
    session_.run("BEGIN; LOCK TABLE lane_fence IN EXCLUSIVE MODE");
  }

 private:
  SqlSession session_;
};

/// Begins the snapshots. With several databases no commit is under way in any of them at that moment: otherwise one
/// could show the credit of a transfer, and another one not yet its hold.
void take_snapshots(Places& places, const std::vector<std::string>& databases) {
  for (int attempt = 1;; ++attempt) {
    try {
      std::vector<HeldUp> held_up;
      if (databases.size() > 1)
        for (const std::string& database : databases)
          held_up.emplace_back(database);
      for (Place& place : places)
        place.session.ask("SELECT 1 FROM ledger");
      return;
    } catch (const Unavailable&) {
      if (attempt == most_attempts)
        throw;
    }
  }
}

}  // namespace

namespace verifying {

MergedCursor::MergedCursor(Places& places, const std::string& name, const std::string& sql, int key) : key_(key) {
  for (Place& place : places)
    cursors_.emplace_back(place.session, name, sql);
  choose();
}

void MergedCursor::advance() {
  at_->advance();
  choose();
}

void MergedCursor::choose() {
  at_ = nullptr;
  for (Cursor& cursor : cursors_)
    if (cursor.front() != nullptr && (at_ == nullptr || cursor.front()->uuid(key_) < at_->front()->uuid(key_)))
      at_ = &cursor;
}

}  // namespace verifying

namespace {

Shard shard_count_of(Place& place) {
  return static_cast<Shard>(place.session.ask("SELECT shard_count FROM ledger")[0].number(0));
}

}  // namespace

VerifyReport verify_wallets(const std::string& database, Shard shard) {
  using namespace verifying;
  Places places = open_places({database});
  VerifyReport report;
  within_all(places, 0, [&] {
    Books books;
    WalletPass wallets(places, books, shard_count_of(places.front()));
    wallets.replay_wallets(places.front(), shard);
    wallets.report(report.checks);
    report.wallets = wallets.wallets();
  });
  return report;
}

VerifyReport verify_ledger(const std::string& database) { return verify_ledger(std::vector{database}); }

VerifyReport verify_ledger(const std::vector<std::string>& databases) {
  using namespace verifying;
  const auto begin = std::chrono::steady_clock::now();
  Places places = open_places(databases);
  VerifyReport report;
  within_all(places, 0, [&] {
    take_snapshots(places, databases);
    const Shard shard_count = shard_count_of(places.front());
    for (Place& place : places)
      read_shards(place, shard_count);
    Books books;
    StreamPass streams(places, books, shard_count);
    streams.run();
    WalletPass wallets(places, books, shard_count);
    wallets.run();
    SagaPass sagas(places);
    sagas.run();
    PaymentPass payments(places);
    payments.run();
    streams.report(report.checks);
    wallets.report(report.checks);
    sagas.report(report.checks);
    payments.report(report.checks);
    report.records = streams.records();
    report.wallets = wallets.wallets();
  });
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

}  // namespace dompet
