#include "persistence/migrator.hpp"

#include <sodium.h>

#include <algorithm>
#include <map>

#include "persistence/lane_store.hpp"
#include "persistence/session.hpp"

namespace dompet {

namespace {

/// Any number that nobody else takes as an advisory lock in this database: "dompet" in ASCII.
constexpr const char* lock_number = "110429740230004";
constexpr int longest_wait_ms = 30'000;

constexpr const char* own_table =
    "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY, checksum text NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now())";

std::string checksum_of(std::string_view text) {
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(digest, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  char hex[2 * crypto_hash_sha256_BYTES + 1];
  return sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
}

struct Applied {
  std::string checksum{};
  std::string at{};
};

SqlSession session_with(const std::string& database, bool read_only) {
  return SqlSession({.database = database,
                     .application_name = "dompet/migrator",
                     .connect_timeout_s = 5,
                     .lock_timeout_ms = longest_wait_ms,
                     .read_only = read_only});
}

std::map<std::string, Applied> applied_in(SqlSession& session) {
  std::map<std::string, Applied> applied;
  if (session.ask("SELECT to_regclass('schema_migration')")[0].is_null(0))
    return applied;
  session.ask("SELECT name, checksum, date_trunc('second', applied_at) FROM schema_migration")
      .each([&](const Row& row) {
        applied[std::string{row.text(0)}] = {std::string{row.text(1)}, std::string{row.text(2)}};
      });
  return applied;
}

std::vector<MigrationStatus> compare(const std::map<std::string, Applied>& applied,
                                     std::span<const migrations::Embedded> migrations) {
  std::vector<MigrationStatus> list;
  for (const migrations::Embedded& migration : migrations) {
    MigrationStatus status{.name = std::string{migration.name}};
    if (const auto found = applied.find(status.name); found != applied.end()) {
      status.applied_at = found->second.at;
      status.changed = found->second.checksum != checksum_of(migration.up);
    }
    list.push_back(std::move(status));
  }
  for (const auto& [name, row] : applied)
    if (std::ranges::none_of(migrations, [&](const auto& migration) { return migration.name == name; }))
      list.push_back({.name = name, .applied_at = row.at, .unknown = true});
  std::ranges::sort(list, {}, &MigrationStatus::name);
  return list;
}

/// A migration must stand on exactly what this program believes to be there.
void refuse_strange(const std::vector<MigrationStatus>& list) {
  bool missing = false;
  for (const MigrationStatus& status : list) {
    if (status.unknown)
      throw MigrationRefused("the database has migration " + status.name +
                             ", which this program does not know; use the program that applied it, or a newer one");
    if (status.changed)
      throw MigrationRefused("migration " + status.name + " was changed after it had been applied on " +
                             status.applied_at + "; put its text back and write a new migration instead");
    if (missing && !status.applied_at.empty())
      throw MigrationRefused("migration " + status.name + " is applied, one before it is not");
    missing = missing || status.applied_at.empty();
  }
}

void take_lock(SqlSession& session) { session.run(std::string{"SELECT pg_advisory_lock("} + lock_number + ")"); }

bool has_records(SqlSession& session) {
  if (session.ask("SELECT to_regclass('journal')")[0].is_null(0))
    return false;
  return session.ask("SELECT EXISTS (SELECT FROM journal)")[0].is_true(0);
}

}  // namespace

Migrator::Migrator(std::string database, std::span<const migrations::Embedded> migrations)
    : database_(std::move(database)), migrations_(migrations) {}

std::vector<std::string> Migrator::up() {
  SqlSession session = session_with(database_, false);
  take_lock(session);
  session.run(own_table);
  const std::vector<MigrationStatus> list = compare(applied_in(session), migrations_);
  refuse_strange(list);
  std::vector<std::string> done;
  for (const migrations::Embedded& migration : migrations_) {
    const std::string name{migration.name};
    const auto known = std::ranges::find(list, name, &MigrationStatus::name);
    if (known != list.end() && !known->applied_at.empty())
      continue;
    session.within("BEGIN", [&] {
      session.run(std::string{migration.up});
      session.ask("INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)",
                  Parameters{}.add(name).add(checksum_of(migration.up)));
    });
    done.push_back(name);
  }
  return done;
}

std::optional<std::string> Migrator::down(bool force) {
  SqlSession session = session_with(database_, false);
  take_lock(session);
  const auto applied = applied_in(session);
  refuse_strange(compare(applied, migrations_));
  if (applied.empty())
    return std::nullopt;
  std::string last = applied.rbegin()->first;
  if (!force && has_records(session))
    throw MigrationRefused("the journal holds records; taking " + last + " back would destroy money (--force does it)");
  const auto migration = std::ranges::find(migrations_, last, &migrations::Embedded::name);
  session.within("BEGIN", [&] {
    session.run(std::string{migration->down});
    session.ask("DELETE FROM schema_migration WHERE name = $1", Parameters{}.add(last));
  });
  return last;
}

std::vector<MigrationStatus> Migrator::status() {
  SqlSession session = session_with(database_, true);
  return compare(applied_in(session), migrations_);
}

}  // namespace dompet
