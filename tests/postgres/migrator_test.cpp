#include <catch2/catch_test_macros.hpp>

#include <array>
#include <thread>

#include "persistence/migrator.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

constexpr migrations::Embedded first{"0001_one", "CREATE TABLE one (x int)", "DROP TABLE one"};
constexpr migrations::Embedded second{"0002_two", "CREATE TABLE two (x int)", "DROP TABLE two"};
constexpr migrations::Embedded broken{"0002_two", "CREATE TABLE two (x int); SELECT 1 / 0", "DROP TABLE two"};
constexpr migrations::Embedded changed{"0001_one", "CREATE TABLE one (x bigint)", "DROP TABLE one"};

bool has_table(const std::string& name) {
  return !open_session().ask("SELECT to_regclass($1)", Parameters{}.add(name))[0].is_null(0);
}

}  // namespace

TEST_CASE("a schema goes up, down and up again", "[migrator]") {
  empty_the_database();
  Migrator migrator(database_url());
  REQUIRE_FALSE(migrator.status().empty());
  CHECK(migrator.status().front().applied_at.empty());
  CHECK(migrator.up().size() == migrations::all.size());
  CHECK(migrator.up().empty());
  CHECK(has_table("journal"));
  for (std::size_t i = 0; i < migrations::all.size(); ++i)
    CHECK(migrator.down(false).has_value());
  CHECK_FALSE(migrator.down(false).has_value());
  CHECK_FALSE(has_table("journal"));
  CHECK(open_session().ask("SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace")[0].number(0) ==
        0);
  CHECK(migrator.up().size() == migrations::all.size());
  for (const MigrationStatus& status : migrator.status()) {
    CHECK_FALSE(status.applied_at.empty());
    CHECK_FALSE(status.changed);
  }
}

TEST_CASE("a ledger with records in it is not taken down unless forced", "[migrator]") {
  TestLedger ledger;
  ledger.open_wallet("Ayu");
  Migrator migrator(database_url());
  CHECK_THROWS_AS(migrator.down(false), MigrationRefused);
  CHECK(has_table("journal"));
  for (std::size_t i = 0; i < migrations::all.size(); ++i)
    CHECK(migrator.down(true).has_value());
  CHECK_FALSE(has_table("journal"));
}

TEST_CASE("a migration whose text changed after it was applied is refused", "[migrator]") {
  empty_the_database();
  const std::array old{first};
  const std::array now{changed, second};
  Migrator(database_url(), old).up();
  Migrator migrator(database_url(), now);
  CHECK_THROWS_AS(migrator.up(), MigrationRefused);
  CHECK_THROWS_AS(migrator.down(false), MigrationRefused);
  CHECK_FALSE(has_table("two"));
  CHECK(migrator.status().at(0).changed);
}

TEST_CASE("a database of a newer program is left alone", "[migrator]") {
  empty_the_database();
  const std::array newer{first, second};
  const std::array older{first};
  Migrator(database_url(), newer).up();
  Migrator migrator(database_url(), older);
  CHECK_THROWS_AS(migrator.up(), MigrationRefused);
  CHECK(migrator.status().at(1).unknown);
}

TEST_CASE("a migration that fails leaves nothing of itself, and the ones before it stay", "[migrator]") {
  empty_the_database();
  const std::array list{first, broken};
  CHECK_THROWS_AS(Migrator(database_url(), list).up(), Unavailable);
  CHECK(has_table("one"));
  CHECK_FALSE(has_table("two"));
  const std::array repaired{first, second};
  CHECK(Migrator(database_url(), repaired).up() == std::vector<std::string>{"0002_two"});
}

TEST_CASE("of two migrators at once, one works and the other finds it done", "[migrator]") {
  empty_the_database();
  std::array<std::size_t, 2> applied{};
  {
    std::jthread left([&] { applied[0] = Migrator(database_url()).up().size(); });
    std::jthread right([&] { applied[1] = Migrator(database_url()).up().size(); });
  }
  CHECK(applied[0] + applied[1] == migrations::all.size());
  CHECK(applied[0] * applied[1] == 0);
}

}  // namespace dompet::testing
