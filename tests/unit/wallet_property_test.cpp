#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <string>

#include "domain/wallet.hpp"
#include "tests/unit/given.hpp"
#include "tests/unit/outcome.hpp"

using namespace dompet;

namespace {

/// The same wallet, written as plainly as possible: one currency, names left out, wide numbers, no events.
struct Reference {
  __extension__ using Wide = __int128;
  static constexpr Wide most = std::numeric_limits<Minor>::max();
  bool open = false, frozen = false, closed = false;
  Wide available = 0, held = 0;
  Limits limits{};
  std::map<TransactionId, Wide> holds{};

  std::string credit(Minor amount) {
    if (!open || closed || frozen)
      return !open ? "wallet_not_found" : closed ? "wallet_closed" : "wallet_frozen";
    if (available + held + amount > most)
      return "balance_overflow";
    if (limits.maximum_balance && available + held + amount > *limits.maximum_balance)
      return "maximum_balance_exceeded";
    available += amount;
    return "credited " + std::to_string(amount);
  }
  std::string hold(const TransactionId& id, Minor amount) {
    if (!open || closed || frozen)
      return !open ? "wallet_not_found" : closed ? "wallet_closed" : "wallet_frozen";
    if (limits.per_transaction && amount > *limits.per_transaction)
      return "transaction_limit_exceeded";
    if (available - amount < -Wide{limits.credit_limit})
      return "insufficient_funds";
    if (held + amount > most)
      return "balance_overflow";
    available -= amount, held += amount, holds[id] += amount;
    return "held " + std::to_string(amount);
  }
  std::string take(const TransactionId& id, Minor amount, bool give_back) {
    if (!holds.contains(id))
      return "hold_not_found";
    const Minor taken = give_back ? static_cast<Minor>(holds[id]) : amount;
    if (taken > holds[id])
      return "hold_exceeded";
    held -= taken, holds[id] -= taken, available += give_back ? taken : 0;
    if (holds[id] == 0)
      holds.erase(id);
    return (give_back ? "released " : "captured ") + std::to_string(taken);
  }
  std::string change(const std::string& yes) { return !open ? "wallet_not_found" : closed ? "wallet_closed" : yes; }
};

/// Both sides of one random life of a wallet.
struct Life {
  explicit Life(std::uint64_t seed, Minor largest) : random(seed), largest_amount(largest) {}

  given::Random random;
  Minor largest_amount;
  Wallet wallet{};
  Reference reference{};
  std::uint64_t transactions = 0;

  template <class Command>
  std::string ask(const Command& command) {
    const auto decided = decide(wallet, command);
    if (decided)
      dompet::apply(wallet, *decided);
    return outcome::words(decided);
  }

  Limits limits() {
    const auto maybe = [this] { return random.coin() ? std::optional{random.amount(largest_amount)} : std::nullopt; };
    return {maybe(), maybe(), random.coin() ? random.amount(largest_amount) : 0};
  }
  /// Mostly one that is there.
  TransactionId known_transaction() { return given::transaction_id(random.upto(transactions)); }

  void open() {
    const Limits wanted = limits();
    const std::string expected = reference.open ? "already_exists" : "opened Ani";
    if (!reference.open)
      reference.open = true, reference.limits = wanted;
    CHECK(ask(OpenWallet{given::idr(), "Ani", wanted}) == expected);
  }
  void limit() {
    const Limits wanted = limits();
    std::string expected = reference.change(outcome::words(LimitsChanged{wanted}));
    if (expected.starts_with("limits") && reference.available < -Reference::Wide{wanted.credit_limit})
      expected = "insufficient_funds";
    if (expected.starts_with("limits"))
      reference.limits = wanted;
    CHECK(ask(ChangeLimits{wanted}) == expected);
  }
  void freeze(bool frozen) {
    const std::string expected = reference.change(frozen ? "frozen" : "unfrozen");
    if (reference.open && !reference.closed)
      reference.frozen = frozen;
    CHECK((frozen ? ask(FreezeWallet{}) : ask(UnfreezeWallet{})) == expected);
  }
  void close() {
    std::string expected = reference.change("closed");
    if (expected == "closed" && !reference.holds.empty())
      expected = "wallet_has_holds";
    else if (expected == "closed" && reference.available != 0)
      expected = "wallet_not_empty";
    reference.closed |= expected == "closed";
    CHECK(ask(CloseWallet{}) == expected);
  }
  void credit() {
    const Minor amount = random.amount(largest_amount);
    CHECK(ask(Credit{given::transaction_id(0), given::idr(), amount}) == reference.credit(amount));
  }
  void hold() {
    const TransactionId id = given::transaction_id(++transactions);
    const Minor amount = random.amount(largest_amount);
    CHECK(ask(PlaceHold{id, given::idr(), amount}) == reference.hold(id, amount));
  }
  void take(bool give_back) {
    const TransactionId id = known_transaction();
    const Minor amount = random.amount(largest_amount);
    const std::string expected = reference.take(id, amount, give_back);
    CHECK((give_back ? ask(ReleaseHold{id}) : ask(CaptureHold{id, amount})) == expected);
  }

  void step() {
    switch (random.upto(15)) {
      case 0: return open();
      case 1: return limit();
      case 2: return freeze(true);
      case 3:
      case 4: return freeze(false);
      case 5: return random.upto(20) == 0 ? close() : credit();
      case 6:
      case 7: return credit();
      case 8:
      case 9:
      case 10: return take(false);
      case 11: return take(true);
      default: return hold();
    }
  }

  void agree() {
    CHECK(within_bounds(wallet));
    CHECK(wallet.available == static_cast<Minor>(reference.available));
    CHECK(wallet.held == static_cast<Minor>(reference.held));
    CHECK(wallet.holds.size() == reference.holds.size());
    for (const Hold& hold : wallet.holds)
      CHECK(reference.holds.contains(hold.transaction));
  }
};

/// Seeds grow with the length of the life, so that the first failing one is among the shortest.
void live(std::uint64_t seed, Minor largest_amount) {
  CAPTURE(seed, largest_amount);
  Life life(seed, largest_amount);
  for (std::uint64_t i = 0; i < 3 + seed; ++i) {
    CAPTURE(i);
    life.step();
    life.agree();
  }
}

}  // namespace

TEST_CASE("whatever a wallet is asked, it says and has what a plain book would") {
  for (std::uint64_t seed = 0; seed < 300; ++seed)
    live(seed, 100);
}

TEST_CASE("a wallet never miscounts, however large the amounts") {
  for (std::uint64_t seed = 0; seed < 300; ++seed)
    live(seed, std::numeric_limits<Minor>::max());
}
