#include "tests/actor/bank.hpp"

#include <catch2/catch_test_macros.hpp>

#include "persistence/failpoint.hpp"
#include "tests/actor/ledger_checker.hpp"

namespace dompet::simulated {

Bank::Bank(EngineSettings settings) : ledger(settings.shard_count), world(ledger, settings) {
  arm_failpoint("");
  world.run();
}

Uuid Bank::fresh() {
  std::array<std::uint8_t, 10> rest{};
  const std::uint64_t spread = next_id_++ * 0x9E3779B97F4A7C15ULL;
  std::memcpy(rest.data() + 2, &spread, sizeof spread);
  return make_uuid_v7(world.now_ms(), rest);
}

WalletId Bank::nobody() { return {fresh()}; }

WalletId Bank::wallet_with(Minor amount, Limits limits, std::string_view currency) {
  const WalletId wallet = nobody();
  REQUIRE(std::holds_alternative<WalletHistory>(ask(open(wallet, limits, currency))));
  if (amount > 0)
    REQUIRE(is_done(ask(topup(wallet, amount, "first money of " + to_string(wallet), currency))));
  return wallet;
}

WalletId Bank::wallet_beside(const WalletId& other, bool same_shard) {
  const Shard count = world.node().settings.shard_count;
  WalletId wallet = nobody();
  while ((shard_of(wallet, count) == shard_of(other, count)) != same_shard)
    wallet = nobody();
  REQUIRE(std::holds_alternative<WalletHistory>(ask(open(wallet))));
  return wallet;
}

std::uint64_t Bank::open(const WalletId& wallet, Limits limits, std::string_view currency) {
  return world.submit(OpenWalletRequest{wallet, OpenWallet{*find_currency(currency), "a wallet", limits}});
}

std::uint64_t Bank::send(Transaction transaction, std::string_view key, const UserId& on_behalf_of) {
  transaction.id = last_ = {fresh()};
  const std::string fields = to_string(transaction.source) + to_string(transaction.destination) +
                             std::to_string(transaction.amount) + std::string{transaction.currency.text()} +
                             std::string{name_of(transaction.kind)} + to_string(transaction.parent);
  const Stamp stamp{key_id("a client", key), fingerprint(fields)};
  return world.submit(
      MoveMoneyRequest{std::make_shared<const Transaction>(std::move(transaction)), stamp, on_behalf_of});
}

std::uint64_t Bank::topup(const WalletId& wallet, Minor amount, std::string_view key, std::string_view currency) {
  return send({.kind = TransactionKind::topup,
               .currency = *find_currency(currency),
               .amount = amount,
               .destination = wallet,
               .method = "cash"},
              key);
}

std::uint64_t Bank::transfer(const WalletId& source, const WalletId& destination, Minor amount, std::string_view key,
                             std::string_view currency) {
  return send({.currency = *find_currency(currency), .amount = amount, .source = source, .destination = destination},
              key);
}

std::uint64_t Bank::change(const WalletId& wallet, WalletChange wish) {
  ChangeWalletRequest request{wallet, {}};
  request.changes.push_back(std::move(wish));
  return world.submit(std::move(request));
}

std::uint64_t Bank::read(const WalletId& wallet, bool strict) {
  return world.submit(ReadWalletRequest{wallet, strict});
}

Result Bank::ask(std::uint64_t correlation) {
  REQUIRE(world.pass_until([&] { return world.is_answered(correlation); }));
  REQUIRE(world.answers(correlation).size() == 1);
  return world.answers(correlation).front();
}

Minor Bank::balance(const WalletId& wallet) {
  const Result result = ask(read(wallet));
  const auto* history = std::get_if<WalletHistory>(&result);
  return history != nullptr ? history->wallet.available : -1;
}

Minor Bank::held(const WalletId& wallet) { return std::get<WalletHistory>(ask(read(wallet))).wallet.held; }

void Bank::restart() {
  world.start();
  world.run();
}

void Bank::check_books(Minor amount) {
  LedgerChecker checker(ledger);
  checker.check();
  CHECK(checker.money_in_wallets() == amount);
  CHECK(world.gave_up() == std::nullopt);
  CHECK(world.node().counters.integrity_alarms == 0);
}

std::string in_words(const Result& result) {
  if (is_done(result))
    return "done";
  if (const auto* decline = std::get_if<Decline>(&result))
    return "refused: " + std::string{code(*decline)};
  if (const auto* answer = std::get_if<MoneyAnswer>(&result))
    return std::string{name_of(answer->state)} + (answer->refusal ? ": " + std::string{code(*answer->refusal)} : "");
  if (const auto* not_now = std::get_if<NotNow>(&result))
    return not_now->may_be_applied ? "in doubt" : "not applied: " + not_now->reason;
  return std::holds_alternative<KeyReused>(result) ? "the key was used before" : "a wallet";
}

bool is_done(const Result& result) {
  const auto* answer = std::get_if<MoneyAnswer>(&result);
  return answer != nullptr && answer->state == SagaState::settled;
}

bool is_not_applied(const Result& result) {
  const auto* answer = std::get_if<NotNow>(&result);
  return answer != nullptr && !answer->may_be_applied && !answer->reason.empty();
}

bool is_declined(const Result& result, Decline why) {
  const auto* answer = std::get_if<MoneyAnswer>(&result);
  return answer != nullptr && answer->refusal == why &&
         (answer->state == SagaState::declined || answer->state == SagaState::released);
}

bool is_refused(const Result& result, Decline why) {
  const auto* decline = std::get_if<Decline>(&result);
  return decline != nullptr && *decline == why;
}

const MoneyAnswer& money(const Result& result) { return std::get<MoneyAnswer>(result); }

}  // namespace dompet::simulated
