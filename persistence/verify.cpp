#include "persistence/verify.hpp"

#include <algorithm>
#include <chrono>

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

VerifyReport verify_ledger(const std::string& database) {
  using namespace verifying;
  const auto begin = std::chrono::steady_clock::now();
  SqlSession session({.database = database, .application_name = "dompet/verify", .connect_timeout_s = 5});
  VerifyReport report;
  // All of a long answer is read, so plans are chosen for the whole; sorting may take some memory.
  session.run("SET cursor_tuple_fraction = 1; SET work_mem = '128MB'; SET jit = off");
  session.within("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", [&] {
    Books books;
    StreamPass streams(session, books);
    streams.run();
    WalletPass wallets(session, books);
    wallets.run();
    SagaPass sagas(session);
    sagas.run();
    streams.report(report.checks);
    wallets.report(report.checks);
    sagas.report(report.checks);
    report.records = streams.records();
    report.wallets = wallets.wallets();
  });
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

}  // namespace dompet
