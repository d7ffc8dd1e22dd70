#include <catch2/catch_test_macros.hpp>

#include "persistence/database_number.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

void number(int which, Shard shard_count = default_shard_count) { number_database(database_url(), which, shard_count); }

}  // namespace

TEST_CASE("a new database is the first one, and all shards live there", "[database number]") {
  make_empty_ledger();
  number(0);
  TestNode node;
  CHECK(node.take_all().size() == default_shard_count);
  number(0);
}

TEST_CASE("a database that is numbered keeps its number", "[database number]") {
  make_empty_ledger();
  number(1);
  number(1);
  CHECK_THROWS_AS(number(2), WrongDatabase);
  CHECK_THROWS_AS(number(0), WrongDatabase);
  const TestNode node;
  number(1);
}

TEST_CASE("a database in use as the first one is not made another", "[database number]") {
  make_empty_ledger();
  const TestNode node;
  CHECK_THROWS_AS(number(1), WrongDatabase);
  number(0);
}

TEST_CASE("a database made for another number of shards is refused", "[database number]") {
  make_empty_ledger();
  CHECK_THROWS_AS(number(0, 128), WrongDatabase);
  CHECK_THROWS_AS(number(1, 128), WrongDatabase);
  number(0);
}

TEST_CASE("only shards that live in a database are seen, taken and claimed there", "[database number]") {
  make_empty_ledger();
  number(1);
  TestNode node;
  TestNode other;
  CHECK(node.ownership->shards().empty());
  CHECK(node.take_all().empty());
  open_session().run("UPDATE shard SET database_id = 1 WHERE shard IN (7, 8)");
  CHECK(node.ownership->acquire({{.shard = 6}, {.shard = 7}, {.shard = 8}}) == std::vector<Shard>{7, 8});
  open_session().run("UPDATE shard SET owner = '" + to_string(node.row.incarnation) + "' WHERE shard = 6");
  CHECK(node.lane->claim().size() == 2);
  CHECK(node.lane->adopt({6, 7}).size() == 1);
  CHECK_FALSE(node.lane->hand_over({.shard = 6}, other.row.incarnation));
  CHECK_FALSE(node.ownership->set_target({.shard = 6, .owner = node.row.incarnation}, other.row.incarnation));
}

}  // namespace dompet::testing
