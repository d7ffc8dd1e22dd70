#include "persistence/shard_move.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include "persistence/database_number.hpp"
#include "persistence/failpoint.hpp"
#include "persistence/lane_store.hpp"
#include "persistence/reader_rows.hpp"
#include "persistence/shard_rows.hpp"
#include "persistence/verify.hpp"

namespace dompet {

namespace {

using std::chrono::steady_clock;

/// A lane that was fenced notices at its next commit, and an idle one commits once a second; a node that does not
/// answer is expired after its lease.
constexpr std::chrono::seconds lane_patience{20};
constexpr std::chrono::milliseconds look_again_after{50};
/// A shard that changes hands while it is taken is taken again.
constexpr int most_attempts = 10;

/// As one of the databases has it.
struct ShardState {
  int stated = 0;
  std::int64_t epoch = 0;
  bool leaving = false;
  std::optional<Uuid> owner{};
};

SqlSession session_of(const std::string& database) {
  SqlSession session({.database = database,
                      .application_name = "dompet/move",
                      .connect_timeout_s = 5,
                      .lock_timeout_ms = 5'000,
                      .read_only = false});
  // Rows travel and are compared as texts, which must not depend on a server's settings.
  session.run(
      "SET synchronous_commit = on; SET timezone = 'UTC'; SET bytea_output = 'hex'; SET extra_float_digits = 1");
  return session;
}

std::vector<SqlSession> sessions_of(const std::vector<std::string>& databases) {
  std::vector<SqlSession> sessions;
  for (const std::string& database : databases)
    sessions.push_back(session_of(database));
  return sessions;
}

class ShardMove {
 public:
  ShardMove(const std::vector<std::string>& databases, Shard shard, int to,
            const std::function<void(const std::string&)>& tell)
      : urls_(databases), sessions_(sessions_of(databases)), shard_(shard), to_(to), tell_(tell) {}

  void run() {
    look();
    const auto home = home_of_shard();
    if (home != to_) {
      from_ = home ? *home : last_home();
      home ? leave() : go_on();
      if (from_ != to_) {
        copy();
        compare();
        failpoint("move.before_arrival");
      }
      arrive();
      failpoint("move.before_clearing");
    }
    clear();
  }

 private:
  SqlSession& session(int database) { return sessions_[static_cast<std::size_t>(database)]; }
  const std::string& url(int database) const { return urls_[static_cast<std::size_t>(database)]; }
  Parameters shard() const { return Parameters{}.add(shard_); }
  std::string name(int database) const { return "database " + std::to_string(database); }

  void look() {
    states_.clear();
    for (SqlSession& one : sessions_) {
      const Rows rows = one.ask("SELECT database_id, epoch, leaving, owner FROM shard WHERE shard = $1", shard());
      if (rows.empty())
        throw CannotMove("There is no shard " + std::to_string(shard_) + ".");
      states_.push_back(
          {static_cast<int>(rows[0].number(0)), rows[0].number(1), rows[0].is_true(2), rows[0].uuid_if_any(3)});
    }
  }

  std::optional<int> home_of_shard() const {
    std::optional<int> home;
    for (int database = 0; database < std::ssize(states_); ++database)
      if (states_[static_cast<std::size_t>(database)].stated == database) {
        if (home)
          throw CannotMove("Shard " + std::to_string(shard_) + " lives in two databases, " + std::to_string(*home) +
                           " and " + std::to_string(database) + "; nothing was changed.");
        home = database;
      }
    return home;
  }

  /// Each home has a larger epoch than the one before.
  int last_home() const {
    return static_cast<int>(std::ranges::max_element(states_, {}, &ShardState::epoch) - states_.begin());
  }

  // --- nobody may serve it any more ---

  /// By the rules of migrations/0002: fences before shards, and who loses a shard is fenced in the same transaction.
  bool try_to_leave() {
    const ShardState& seen = states_[static_cast<std::size_t>(from_)];
    bool has_left = false;
    session(from_).within("BEGIN", [&] {
      if (seen.owner)
        session(from_).ask("SELECT 1 FROM lane_fence WHERE incarnation = $1 FOR UPDATE", Parameters{}.add(*seen.owner));
      Parameters parameters = shard();
      parameters.add(seen.epoch).add(std::int64_t{to_}).add(std::int64_t{from_});
      seen.owner ? parameters.add(*seen.owner) : parameters.add_null();
      has_left = !session(from_)
                      .ask("UPDATE shard SET owner = NULL, target = NULL, epoch = epoch + 1, database_id = $3,"
                           " leaving = true WHERE shard = $1 AND epoch = $2 AND database_id = $4"
                           " AND owner IS NOT DISTINCT FROM $5::uuid RETURNING 1",
                           parameters)
                      .empty();
      if (has_left && seen.owner)
        fence(*seen.owner);
    });
    return has_left;
  }

  void leave() {
    for (int attempt = 0; !try_to_leave(); ++attempt, look())
      if (attempt == most_attempts)
        throw CannotMove("The shard changes hands all the time; try again.");
    tell_("taken from its owner in " + name(from_));
    await_lanes();
  }

  /// Whose it was when the move was cut off is not known: all lanes are made to look again.
  void go_on() {
    tell_("an earlier move was not finished; it goes on from " + name(from_));
    session(from_).ask("SELECT incarnation FROM lane_fence ORDER BY incarnation").each([&](const Row& row) {
      fence(row.uuid(0));
    });
    await_lanes();
  }

  void fence(const Uuid& incarnation) {
    const Rows grown =
        session(from_).ask("UPDATE lane_fence SET fence = fence + 1 WHERE incarnation = $1 RETURNING fence",
                           Parameters{}.add(incarnation));
    if (!grown.empty())
      fences_[incarnation] = grown[0].number(0);
  }

  /// Until a lane has claimed its shards anew, its node may still answer balances of this one from memory.
  bool has_noticed(const Uuid& incarnation, std::int64_t fence) {
    const Rows now =
        session(from_).ask("SELECT fence FROM lane_fence WHERE incarnation = $1", Parameters{}.add(incarnation));
    if (now.empty() || now[0].number(0) > fence)
      return true;
    return session(0)
        .ask("SELECT 1 FROM node WHERE incarnation = $1 AND state IN ('up', 'draining')", Parameters{}.add(incarnation))
        .empty();
  }

  void await_lanes() {
    const auto deadline = steady_clock::now() + lane_patience;
    for (const auto& [incarnation, fence] : fences_)
      while (!has_noticed(incarnation, fence)) {
        if (steady_clock::now() > deadline)
          throw CannotMove("The node of incarnation " + to_string(incarnation) +
                           " does not notice that the shard was taken from it. See to it that it reaches " +
                           name(from_) + ", or stop it; then call again.");
        std::this_thread::sleep_for(look_again_after);
      }
    fences_.clear();
  }

  // --- from one to the other ---

  void copy() {
    std::int64_t count = 0;
    for (const ShardRows& rows : rows_of(shard_))
      count += copy_rows(session(from_), session(to_), rows);
    tell_("copied " + std::to_string(count) + " rows to " + name(to_));
  }

  void compare() {
    for (const ShardRows& rows : rows_of(shard_)) {
      const RowsDigest original = digest_of(session(from_), rows);
      const RowsDigest copied = digest_of(session(to_), rows);
      if (copied != original)
        throw CannotMove("The rows of " + rows.table + " are not the same in both databases (" +
                         std::to_string(original.count) + " in the old one, " + std::to_string(copied.count) +
                         " in the new one). The shard is not served; move it back, or look for a row of the new "
                         "database that has the key of one of the old.");
    }
    const VerifyReport report = verify_wallets(url(to_), shard_);
    for (const LedgerCheck& check : report.checks)
      if (check.faults > 0)
        throw CannotMove("What was copied does not verify: " + check.first_fault +
                         ". The shard is not served; move it back.");
    tell_("compared them all, and replayed " + std::to_string(report.wallets) + " wallets");
  }

  /// Between the two statements the shard is nowhere, and lists of the whole ledger say so.
  void arrive() {
    const Rows left = session(from_).ask("UPDATE shard SET leaving = false WHERE shard = $1 RETURNING epoch", shard());
    session(to_).ask("UPDATE shard SET database_id = $2, owner = NULL, target = NULL, epoch = greatest(epoch, $3)"
                     " WHERE shard = $1",
                     shard().add(std::int64_t{to_}).add(left[0].number(0)));
    tell_("lives in " + name(to_) + " now");
  }

  void clear() {
    for (int database = 0; database < std::ssize(sessions_); ++database)
      if (database != to_)
        clear_rows(session(database), shard_);
    tell_("cleared away elsewhere");
  }

  const std::vector<std::string>& urls_;
  std::vector<SqlSession> sessions_;
  Shard shard_;
  int to_;
  int from_ = 0;
  const std::function<void(const std::string&)>& tell_;
  std::vector<ShardState> states_{};
  /// Of the lanes that were fenced, as it was left.
  std::map<Uuid, std::int64_t> fences_{};
};

Shard check_numbers(const std::vector<std::string>& databases) {
  const auto shard_count =
      static_cast<Shard>(session_of(databases.front()).ask("SELECT shard_count FROM ledger")[0].number(0));
  for (std::size_t number = databases.size(); number-- > 0;)
    number_database(databases[number], static_cast<int>(number), shard_count);
  return shard_count;
}

}  // namespace

std::vector<ShardPlace> shard_places(const std::vector<std::string>& databases) {
  std::map<Shard, ShardPlace> places;
  int database = 0;
  for (SqlSession& session : sessions_of(databases)) {
    session
        .ask("SELECT s.shard, s.database_id = l.database_id, s.epoch, coalesce(n.name, ''),"
             " (SELECT count(*) FROM wallet w WHERE w.shard = s.shard) FROM ledger l, shard s"
             " LEFT JOIN node n ON n.incarnation = s.owner ORDER BY s.shard")
        .each([&](const Row& row) {
          ShardPlace& place = places[static_cast<Shard>(row.number(0))];
          place.shard = static_cast<Shard>(row.number(0));
          const auto epoch = static_cast<std::uint64_t>(row.number(2));
          if (!row.is_true(1) && (place.database || epoch < place.epoch))
            return;
          if (row.is_true(1))
            place.database = database;
          place.epoch = epoch;
          place.owner = row.text(3);
          place.wallets = row.number(4);
        });
    ++database;
  }
  std::vector<ShardPlace> list;
  for (auto& [shard, place] : places)
    list.push_back(std::move(place));
  return list;
}

void move_shard(const std::vector<std::string>& databases, Shard shard, int to,
                const std::function<void(const std::string&)>& tell) {
  if (to < 0 || to >= std::ssize(databases))
    throw CannotMove("There is no database " + std::to_string(to) + "; " + std::to_string(databases.size()) +
                     " are named, the first has number 0.");
  check_numbers(databases);
  ShardMove(databases, shard, to, tell).run();
}

}  // namespace dompet
