#include "tests/postgres/ledger.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstdlib>
#include <random>

#include "persistence/migrator.hpp"

namespace dompet::testing {

std::string database_url() {
  const char* url = std::getenv("DOMPET_TEST_DATABASE_URL");
  if (url == nullptr || *url == '\0')
    SKIP("DOMPET_TEST_DATABASE_URL names no database");
  return url;
}

SqlSession open_session() {
  return SqlSession({.database = database_url(), .application_name = "dompet/test", .read_only = false});
}

void empty_the_database() { open_session().run("DROP SCHEMA public CASCADE; CREATE SCHEMA public"); }

void make_empty_ledger() {
  empty_the_database();
  Migrator(database_url()).up();
}

ProjectorSettings in_pages_of(int records) {
  return {.database = database_url(), .application_name = "dompet/test/statistics", .page_records = records};
}

void project_all(int page_records) {
  MovementProjector projector(in_pages_of(page_records));
  // Every shard gets its turn when its records do not fill a page.
  for (int idle = 0; idle < 2;)
    idle = projector.step().records == 0 ? idle + 1 : 0;
}

std::int64_t count(SqlSession& sql, const std::string& what) {
  return sql.ask("SELECT count(*) FROM " + what)[0].number(0);
}

void await(SqlSession& sql, const std::string& what) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (count(sql, what) == 0) {
    INFO("waiting for " << what);
    REQUIRE(std::chrono::steady_clock::now() < deadline);
  }
}

void await_blocked(SqlSession& sql, const std::string& application) {
  await(sql, "pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE '" + application + "'");
}

void terminate(SqlSession& sql, const std::string& application) {
  constexpr const char* patience_ms = "10000";
  sql.ask("SELECT pg_terminate_backend(pid, " + std::string{patience_ms} +
          ") FROM pg_stat_activity WHERE application_name LIKE '" + application + "'");
}

Incarnation make_incarnation() {
  static std::mt19937_64 random{std::random_device{}()};
  Incarnation incarnation;
  for (std::uint8_t& byte : incarnation.uuid.bytes)
    byte = static_cast<std::uint8_t>(random());
  return incarnation;
}

std::unique_ptr<LaneStore> make_lane_store(const Incarnation& incarnation, int lock_timeout_ms) {
  return make_postgres_lane_store({.database = database_url(),
                                   .node_name = "test",
                                   .incarnation = incarnation,
                                   .answer_timeout_ms = 5'000,
                                   .lock_timeout_ms = lock_timeout_ms});
}

std::unique_ptr<MembershipStore> make_membership_store(const Incarnation& incarnation) {
  return make_postgres_membership_store(
      {.database = database_url(), .incarnation = incarnation, .node_name = "test", .connect_timeout_s = 5});
}

TestNode::TestNode() : row{.incarnation = make_incarnation(), .name = "test"} {
  ownership = make_postgres_ownership_store(
      {.database = database_url(), .incarnation = row.incarnation, .node_name = row.name, .connect_timeout_s = 5});
  ownership->register_node(row);
  lane = make_lane_store(row.incarnation);
}

std::vector<Claim> TestNode::take_all() {
  ownership->acquire(ownership->shards());
  return lane->claim();
}

TestLedger::TestLedger() : sql_(open_session()) {
  make_empty_ledger();
  node_ = std::make_unique<TestNode>();
  writer_ = std::make_unique<LedgerWriter>(*node_->lane, node_->take_all(), default_shard_count);
  writer_->set_time(now_ms_);
  reader_ = std::make_unique<Reader>(ReaderSettings{.database = database_url()});
}

TransactionId TestLedger::make_id() {
  std::array<std::uint8_t, 10> tail{};
  ++made_;
  for (std::size_t i = 0; i < 4; ++i)
    tail[2 + i] = tail[6 + i] = static_cast<std::uint8_t>(made_ >> (8 * (3 - i)));
  return {make_uuid_v7(now_ms_, tail)};
}

WalletId TestLedger::open_wallet(const std::string& name, const std::string& currency, const UserId& owner) {
  const TransactionId id = make_id();
  const WalletId wallet{id.uuid};
  Record record{.kind = RecordKind::wallet_changed, .id = id};
  record.add_leg(wallet, WalletOpened{*find_currency(currency), name, {}, owner});
  writer_->add(std::move(record));
  commit();
  return wallet;
}

void TestLedger::change(const WalletId& wallet, Event event) {
  Record record{.kind = RecordKind::wallet_changed, .id = make_id()};
  record.add_leg(wallet, std::move(event));
  writer_->add(std::move(record));
}

Record TestLedger::money_record(RecordKind kind, TransactionKind transaction_kind, const WalletId& source,
                                const WalletId& destination, Minor amount) {
  const TransactionId id = make_id();
  const WalletId& known = transaction_kind == TransactionKind::topup ? destination : source;
  const Currency currency = writer_->history(known).wallet.currency;
  const bool topup = transaction_kind == TransactionKind::topup;
  const bool withdrawal = transaction_kind == TransactionKind::withdrawal;
  last_key_ = key_id("test", to_string(id));
  const auto transaction =
      std::make_shared<const Transaction>(Transaction{id, transaction_kind, currency, amount, source, destination,
                                                      topup        ? "bri"
                                                      : withdrawal ? "payout"
                                                                   : "",
                                                      "lunch", "{}"});
  transactions_[id] = transaction;
  return {.kind = kind, .id = id, .transaction = transaction, .stamp = Stamp{last_key_, 7}};
}

TransactionId TestLedger::top_up(const WalletId& wallet, Minor amount, const std::string& method) {
  Record record = money_record(RecordKind::topup, TransactionKind::topup, {}, wallet, amount);
  auto transaction = std::make_shared<Transaction>(*record.transaction);
  transaction->method = method;
  record.transaction = transaction;
  record.add_leg(wallet, Credited{record.id, amount});
  return writer_->add(std::move(record)).id;
}

TransactionId TestLedger::transfer(const WalletId& source, const WalletId& destination, Minor amount) {
  Record record = money_record(RecordKind::transfer, TransactionKind::transfer, source, destination, amount);
  record.add_leg(source, TransferredOut{record.id, amount});
  record.add_leg(destination, Credited{record.id, amount});
  return writer_->add(std::move(record)).id;
}

void TestLedger::add_conversion(Record& record, const Rate& rate) {
  Transaction& t = changeable(record);
  const Currency to = writer_->history(t.destination).wallet.currency;
  t.fx = FxLeg{.quote = {make_id().uuid},
               .rate = rate,
               .currency = to,
               .amount = dompet::convert(t.amount, rate, t.currency, to).value()};
}

TransactionId TestLedger::convert(const WalletId& source, const WalletId& destination, Minor amount, const Rate& rate) {
  Record record = money_record(RecordKind::transfer, TransactionKind::transfer, source, destination, amount);
  add_conversion(record, rate);
  record.add_leg(source, TransferredOut{record.id, amount});
  record.add_leg(destination, Credited{record.id, credit_of(*record.transaction).amount});
  return writer_->add(std::move(record)).id;
}

TransactionId TestLedger::place_converted_hold(const WalletId& source, const WalletId& destination, Minor amount,
                                               const Rate& rate) {
  Record record = money_record(RecordKind::hold_placed, TransactionKind::transfer, source, destination, amount);
  const TransactionId id = record.id;
  add_conversion(record, rate);
  record.add_leg(source, HoldPlaced{id, amount});
  writer_->add(std::move(record));
  advance(id, SagaState::none, SagaState::reserved);
  return id;
}

TransactionId TestLedger::decline_transfer(const WalletId& source, const WalletId& destination, Minor amount,
                                           Decline why) {
  Record record = money_record(RecordKind::declined, TransactionKind::transfer, source, destination, amount);
  record.decline = why;
  return writer_->add(std::move(record)).id;
}

TransactionId TestLedger::place_hold(const WalletId& source, const WalletId& destination, Minor amount,
                                     const std::optional<Assessment>& risk) {
  Record record = money_record(RecordKind::hold_placed, TransactionKind::transfer, source, destination, amount);
  const TransactionId id = record.id;
  record.add_leg(source, HoldPlaced{id, amount});
  record.risk = risk;
  writer_->add(std::move(record));
  advance(id, SagaState::none, awaits_review(risk) ? SagaState::under_review : SagaState::reserved);
  return id;
}

void TestLedger::approve(const TransactionId& id, const Verdict& verdict) {
  Record record = step_record(RecordKind::review_approved, id);
  record.verdict = verdict;
  writer_->add(std::move(record));
  advance(id, state_of(id), SagaState::reserved);
}

Record TestLedger::step_record(RecordKind kind, const TransactionId& id) {
  return {.kind = kind, .id = id, .transaction = transactions_.at(id)};
}

void TestLedger::advance(const TransactionId& id, SagaState expected, SagaState next) {
  const Transaction& t = *transactions_.at(id);
  states_[id] = next;
  writer_->pending().sagas.push_back({id, expected, next, writer_->shard_of_wallet(t.source),
                                      writer_->shard_of_wallet(t.destination), t.source, t.destination, t.amount,
                                      t.currency, t.kind});
}

/// A batch has one row per pair of shards and currency.
void TestLedger::move_transit(const TransitChange& change) {
  for (TransitChange& known : writer_->pending().transits)
    if (known.shard == change.shard && known.peer_shard == change.peer_shard && known.currency == change.currency) {
      known.out += change.out;
      known.in += change.in;
      return;
    }
  writer_->pending().transits.push_back(change);
}

void TestLedger::credit(const TransactionId& id) {
  const Transaction& t = *transactions_.at(id);
  Record record = step_record(RecordKind::transfer_credited, id);
  const Money credit = credit_of(t);
  record.add_leg(t.destination, Credited{id, credit.amount});
  const Shard shard = writer_->add(std::move(record)).shard;
  writer_->pending().decisions.push_back(
      {id, shard, Decision::credited, 0, t.destination, credit.amount, credit.currency});
  if (!t.fx)
    move_transit({shard, writer_->shard_of_wallet(t.source), t.currency, 0, t.amount});
}

void TestLedger::refuse(const TransactionId& id, Decline why) {
  const Transaction& t = *transactions_.at(id);
  Record record = step_record(RecordKind::transfer_refused, id);
  record.decline = why;
  const Money credit = credit_of(t);
  const Shard shard = writer_->add(std::move(record)).shard;
  writer_->pending().decisions.push_back(
      {id, shard, Decision::refused, static_cast<std::uint8_t>(why), t.destination, credit.amount, credit.currency});
}

void TestLedger::cancel(const TransactionId& id, const std::optional<Verdict>& verdict) {
  Record record = step_record(RecordKind::transfer_cancelling, id);
  record.verdict = verdict;
  writer_->add(std::move(record));
  advance(id, state_of(id), SagaState::cancelling);
}

void TestLedger::capture(const TransactionId& id) {
  const Transaction& t = *transactions_.at(id);
  Record record = step_record(RecordKind::hold_captured, id);
  if (t.kind == TransactionKind::capture)
    record.add_leg(t.source, *decide(writer_->history(t.source).wallet, SettleCapture{id}));
  else
    record.add_leg(t.source, HoldCaptured{id, t.amount});
  const Shard shard = writer_->add(std::move(record)).shard;
  if (t.kind != TransactionKind::withdrawal && !t.fx)
    move_transit({shard, writer_->shard_of_wallet(t.destination), t.currency, t.amount, 0});
  advance(id, state_of(id), SagaState::settled);
}

void TestLedger::release(const TransactionId& id) {
  const Transaction& t = *transactions_.at(id);
  Record record = step_record(RecordKind::hold_released, id);
  if (t.kind == TransactionKind::capture)
    record.add_leg(t.source, *decide(writer_->history(t.source).wallet, ReturnCapture{id}));
  else
    record.add_leg(t.source, HoldReleased{id, t.amount});
  if (t.kind == TransactionKind::withdrawal)
    record.decline = Decline::provider_refused;
  writer_->add(std::move(record));
  advance(id, state_of(id), SagaState::released);
}

Transaction& TestLedger::changeable(Record& record) {
  const auto copy = std::make_shared<Transaction>(*record.transaction);
  record.transaction = transactions_[record.id] = copy;
  return *copy;
}

TransactionId TestLedger::pay(const WalletId& payer, const WalletId& merchant, Minor amount) {
  Record record = money_record(RecordKind::transfer, TransactionKind::payment, payer, merchant, amount);
  record.add_leg(payer, TransferredOut{record.id, amount});
  record.add_leg(merchant, Credited{record.id, amount});
  return writer_->add(std::move(record)).id;
}

TransactionId TestLedger::authorize(const WalletId& payer, const WalletId& merchant, Minor amount,
                                    std::int64_t expires_at_ms) {
  Record record = money_record(RecordKind::payment_authorized, TransactionKind::payment, payer, merchant, amount);
  Transaction& transaction = changeable(record);
  transaction.manual_capture = true;
  transaction.expires_at_ms = expires_at_ms;
  transaction.merchant = {merchant.uuid};
  transaction.card = {payer.uuid};
  record.add_leg(payer, HoldPlaced{record.id, amount, {}, true});
  return writer_->add(std::move(record)).id;
}

Record TestLedger::act_record(RecordKind kind, TransactionKind transaction_kind, const TransactionId& payment,
                              Minor amount) {
  const Transaction& of = *transactions_.at(payment);
  const bool refund = transaction_kind == TransactionKind::refund;
  Record record = money_record(kind, transaction_kind, refund ? of.destination : of.source,
                               refund ? of.source : of.destination, amount);
  changeable(record).parent = payment;
  return record;
}

TransactionId TestLedger::increase(const TransactionId& payment, Minor amount) {
  Record record = act_record(RecordKind::payment_incremented, TransactionKind::increment, payment, amount);
  record.add_leg(record.transaction->source, HoldIncreased{payment, amount});
  return writer_->add(std::move(record)).id;
}

TransactionId TestLedger::capture_payment(const TransactionId& payment, Minor amount, bool is_final) {
  Record record = act_record(RecordKind::transfer, TransactionKind::capture, payment, amount);
  const Transaction& t = *record.transaction;
  const auto reserved = decide(writer_->history(t.source).wallet, ReserveCapture{payment, record.id, amount, is_final});
  record.add_leg(t.source, settled_at_once(*reserved));
  record.add_leg(t.destination, Credited{record.id, amount});
  return writer_->add(std::move(record)).id;
}

TransactionId TestLedger::void_payment(const TransactionId& payment) {
  const auto voided = decide(writer_->history(transactions_.at(payment)->source).wallet, VoidPayment{payment});
  Record record = act_record(RecordKind::payment_voided, TransactionKind::void_payment, payment, voided->amount);
  record.add_leg(record.transaction->source, *voided);
  return writer_->add(std::move(record)).id;
}

TransactionId TestLedger::refund(const TransactionId& payment, Minor amount) {
  Record record = act_record(RecordKind::transfer, TransactionKind::refund, payment, amount);
  record.add_leg(record.transaction->source, TransferredOut{record.id, amount});
  record.add_leg(record.transaction->destination, Credited{record.id, amount});
  return writer_->add(std::move(record)).id;
}

TransactionId TestLedger::reserve_capture(const TransactionId& payment, Minor amount, bool is_final) {
  Record record = act_record(RecordKind::hold_placed, TransactionKind::capture, payment, amount);
  const TransactionId id = record.id;
  const WalletId payer = record.transaction->source;
  record.add_leg(payer, *decide(writer_->history(payer).wallet, ReserveCapture{payment, id, amount, is_final}));
  writer_->add(std::move(record));
  advance(id, SagaState::none, SagaState::reserved);
  return id;
}

TransactionId TestLedger::withdraw(const WalletId& source, Minor amount) {
  Record record = money_record(RecordKind::hold_placed, TransactionKind::withdrawal, source, {}, amount);
  const TransactionId id = record.id;
  changeable(record).payout_account = "bca/123";
  record.add_leg(source, HoldPlaced{id, amount});
  writer_->add(std::move(record));
  advance(id, SagaState::none, SagaState::reserved);
  return id;
}

TransactionId TestLedger::begin_topup(const WalletId& wallet, Minor amount) {
  Record record = money_record(RecordKind::topup_begun, TransactionKind::topup, {}, wallet, amount);
  const TransactionId id = record.id;
  const Shard shard = writer_->add(std::move(record)).shard;
  states_[id] = SagaState::reserved;
  writer_->pending().sagas.push_back({id,
                                      SagaState::none,
                                      SagaState::reserved,
                                      shard,
                                      shard,
                                      {},
                                      wallet,
                                      amount,
                                      transactions_.at(id)->currency,
                                      TransactionKind::topup});
  return id;
}

void TestLedger::confirm_topup(const TransactionId& id) {
  const Transaction& t = *transactions_.at(id);
  Record record = step_record(RecordKind::topup, id);
  record.add_leg(t.destination, Credited{id, t.amount});
  writer_->add(std::move(record));
  advance(id, state_of(id), SagaState::settled);
}

void TestLedger::refuse_topup(const TransactionId& id) {
  Record record = step_record(RecordKind::topup_refused, id);
  record.decline = Decline::provider_refused;
  writer_->add(std::move(record));
  advance(id, state_of(id), SagaState::released);
}

void TestLedger::snapshot(const WalletId& wallet) {
  const WalletHistory& history = writer_->history(wallet);
  writer_->pending().snapshots.push_back({wallet, history.seq, encode_snapshot(history)});
}

void TestLedger::go_to(std::int64_t unix_ms) {
  now_ms_ = unix_ms;
  writer_->set_time(now_ms_);
}

void TestLedger::commit() {
  writer_->commit();
  now_ms_ += 1'000;
  writer_->set_time(now_ms_);
}

}  // namespace dompet::testing
