#include <catch2/catch_test_macros.hpp>

#include "persistence/event_marks.hpp"
#include "persistence/lane_store.hpp"
#include "persistence/session.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

constexpr const char* application = "dompet/test/broken-within";

SqlSession session_to_break() {
  return SqlSession(
      {.database = database_url(), .application_name = application, .read_only = false, .replaces_broken = true});
}

StreamMarks marks_of(SqlSession& sql) { return EventMarks(sql, "test").load().value_or(StreamMarks{}); }

}  // namespace

TEST_CASE("of a transaction whose connection dies nothing is committed, and it is told", "[session]") {
  make_empty_ledger();
  SqlSession other = open_session();
  SqlSession session = session_to_break();
  EventMarks marks(session, "test");
  CHECK_THROWS_AS(session.within("BEGIN",
                                 [&] {
                                   marks.move_to({{1, 5}});
                                   terminate(other, application);
                                   marks.move_to({{2, 7}});
                                 }),
                  Unavailable);
  CHECK(marks_of(other).empty());
}

TEST_CASE("whoever goes on in a transaction that was lost commits nothing either", "[session]") {
  make_empty_ledger();
  SqlSession other = open_session();
  SqlSession session = session_to_break();
  EventMarks marks(session, "test");
  CHECK_THROWS_AS(session.within("BEGIN",
                                 [&] {
                                   marks.move_to({{1, 5}});
                                   terminate(other, application);
                                   CHECK_THROWS_AS(session.ask("SELECT 1"), Unavailable);
                                   CHECK_THROWS_AS(marks.move_to({{2, 7}}), Unavailable);
                                 }),
                  Unavailable);
  CHECK(marks_of(other).empty());
  session.within("BEGIN", [&] { marks.move_to({{3, 9}}); });
  CHECK(marks_of(other) == StreamMarks{{3, 9}});
}

TEST_CASE("outside a transaction a connection that broke is replaced unseen", "[session]") {
  make_empty_ledger();
  SqlSession other = open_session();
  SqlSession session = session_to_break();
  CHECK(session.ask_prepared("SELECT 1")[0].number(0) == 1);
  terminate(other, application);
  CHECK(session.ask_prepared("SELECT 1")[0].number(0) == 1);
}

TEST_CASE("a consumer's marks never move back", "[events]") {
  make_empty_ledger();
  SqlSession sql = open_session();
  EventMarks marks(sql, "test");
  marks.move_to({{1, 5}, {2, 7}});
  marks.move_to({{1, 4}, {2, 8}});
  CHECK(marks_of(sql) == StreamMarks{{1, 5}, {2, 8}});
}

}  // namespace dompet::testing
