#include <catch2/catch_test_macros.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include "events/runner.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

/// Its brokers are away. Money moves while its first page is on its way.
class Refuser final : public events::Consumer {
 public:
  explicit Refuser(std::function<void()> meanwhile) : meanwhile_(std::move(meanwhile)) {}

  std::string name() const override { return "brokers"; }
  bool is_wanted(SqlSession&) override {
    if (meanwhile_)
      std::exchange(meanwhile_, nullptr)();
    return true;
  }
  void take(std::span<const events::Event>, SqlSession&, const std::stop_token&) override {
    throw std::runtime_error("the brokers are away");
  }

 private:
  std::function<void()> meanwhile_;
};

/// Each event is a row of the table `taken`.
class Taker final : public events::Consumer {
 public:
  std::string name() const override { return "brokers"; }
  void take(std::span<const events::Event> page, SqlSession& database0, const std::stop_token&) override {
    for (const events::Event& event : page)
      database0.ask("INSERT INTO taken VALUES ($1)", Parameters{}.add(event.record->id.uuid));
  }
};

}  // namespace

TEST_CASE("what happened since a consumer's first start is told although nobody took the first page", "[events]") {
  TestLedger ledger;
  SqlSession sql = open_session();
  sql.run("CREATE TABLE taken (id uuid)");
  const WalletId wallet = ledger.open_wallet("ani");
  {
    Refuser refuser([&] {
      ledger.top_up(wallet, 5'00);
      ledger.commit();
    });
    const events::Runner runner({}, {database_url()}, "test", refuser);
    await(sql, "(SELECT FROM journal OFFSET 1) AS second");
    await(sql, "event_mark WHERE consumer = 'brokers'");
  }
  Taker taker;
  const events::Runner runner({}, {database_url()}, "test", taker);
  await(sql, "taken");
  CHECK(count(sql, "taken") == 1);
}

}  // namespace dompet::testing
