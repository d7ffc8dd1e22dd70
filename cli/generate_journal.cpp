#include <CLI/CLI.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "persistence/ledger_writer.hpp"
#include "persistence/membership_store.hpp"
#include "persistence/session.hpp"

namespace dompet::cli {

namespace {

struct GenerateOptions {
  std::string database{};
  std::uint64_t wallets = 1'000'000;
  std::uint64_t events = 2'000'000;
  std::uint64_t seed = 1;
  std::uint64_t batch_rows = 5'000;
  std::string wallets_file{};
};

constexpr Minor topped_up = 100'000'000;
/// Small against what was topped up, so that no transfer can run out of money.
constexpr Minor most_moved = 10'000;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void refuse_unless_empty(SqlSession& session) {
  if (session.ask("SELECT EXISTS (SELECT FROM journal)")[0].is_true(0))
    throw std::runtime_error("the journal holds records already; generate-journal only fills an empty ledger");
  const char* lanes = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
                      " AND application_name LIKE 'dompet/%/lane')";
  if (session.ask(lanes)[0].is_true(0))
    throw std::runtime_error("a node serves this database; stop it first");
}

/// Opens wallets, tops some up, and moves money among them: each event is one record of the journal.
class Generation {
 public:
  Generation(const GenerateOptions& options, LedgerWriter& writer)
      : options_(options), writer_(writer), random_(options.seed),
        clock_ms_(now_ms() - static_cast<std::int64_t>(options.events + options.batch_rows)) {
    wallets_.reserve(options.wallets);
    writer_.reserve(options.wallets);
    begin_batch();
  }

  void run() {
    const std::uint64_t moves = options_.events - options_.wallets;
    const std::uint64_t top_ups = (moves + 1) / 2;
    for (std::uint64_t i = 0; i < options_.wallets; ++i)
      open_wallet(i);
    for (std::uint64_t i = 0; i < top_ups; ++i)
      top_up(wallets_[i % wallets_.size()]);
    const std::uint64_t payers = std::min<std::uint64_t>(top_ups, wallets_.size());
    for (std::uint64_t i = 0; i < moves - top_ups; ++i)
      transfer(wallets_[i % payers]);
    if (!writer_.pending().journal.empty())
      writer_.commit();
  }

  /// Where `dompetctl load --wallets-file` finds them.
  void write_wallets(const std::string& path) const {
    std::ofstream file(path, std::ios::trunc);
    file << "dompet load wallets\n" << currency_.text() << '\n';
    for (const WalletId& wallet : wallets_)
      file << to_string(wallet) << '\n';
    file.close();
    if (!file)
      throw std::runtime_error("cannot write the wallets' ids to " + path);
  }

 private:
  TransactionId make_id() {
    const std::uint64_t bits[]{random_(), random_()};
    std::array<std::uint8_t, 10> tail{};
    std::memcpy(tail.data(), bits, tail.size());
    return {make_uuid_v7(++clock_ms_, tail)};
  }

  void begin_batch() { writer_.set_time(clock_ms_ + static_cast<std::int64_t>(options_.batch_rows)); }

  void add(Record record) {
    writer_.add(std::move(record));
    ++written_;
    if (writer_.pending().journal.size() < options_.batch_rows)
      return;
    writer_.commit();
    begin_batch();
    if (talk_ && written_ % 100'000 == 0)
      std::fprintf(stderr, "\r%llu of %llu ", static_cast<unsigned long long>(written_),
                   static_cast<unsigned long long>(options_.events));
  }

  void open_wallet(std::uint64_t number) {
    Record record{.kind = RecordKind::wallet_changed, .id = make_id()};
    const WalletId wallet{record.id.uuid};
    record.add_leg(wallet, WalletOpened{currency_, "Wallet " + std::to_string(number), {}});
    add(std::move(record));
    wallets_.push_back(wallet);
  }

  Record money(RecordKind kind, const Transaction& transaction) {
    return {.kind = kind,
            .id = transaction.id,
            .transaction = std::make_shared<const Transaction>(transaction),
            .stamp = Stamp{key_id("generated", to_string(transaction.id)), random_()}};
  }

  void top_up(const WalletId& wallet) {
    Record record = money(RecordKind::topup, {.id = make_id(),
                                              .kind = TransactionKind::topup,
                                              .currency = currency_,
                                              .amount = topped_up,
                                              .destination = wallet,
                                              .method = "bri"});
    record.add_leg(wallet, Credited{record.id, topped_up});
    add(std::move(record));
  }

  void transfer(const WalletId& source) {
    WalletId destination = source;
    while (destination == source)
      destination = wallets_[random_() % wallets_.size()];
    const Minor amount = 1 + static_cast<Minor>(random_() % most_moved);
    Record record = money(RecordKind::transfer, {.id = make_id(),
                                                 .kind = TransactionKind::transfer,
                                                 .currency = currency_,
                                                 .amount = amount,
                                                 .source = source,
                                                 .destination = destination});
    record.add_leg(source, TransferredOut{record.id, amount});
    record.add_leg(destination, Credited{record.id, amount});
    add(std::move(record));
  }

  const GenerateOptions& options_;
  LedgerWriter& writer_;
  std::mt19937_64 random_;
  std::int64_t clock_ms_;
  Currency currency_ = *find_currency("IDR");
  std::vector<WalletId> wallets_{};
  std::uint64_t written_ = 0;
  bool talk_ = ::isatty(STDERR_FILENO) != 0;
};

/// Takes every shard, as a node does.
void take_shards(const std::string& database, const NodeRow& me) {
  const auto ownership = make_postgres_ownership_store(
      {.database = database, .incarnation = me.incarnation, .node_name = me.name, .answer_timeout_ms = 10'000});
  ownership->register_node(me);
  const std::vector<ShardRow> seen = ownership->shards();
  if (ownership->acquire(seen).size() != seen.size())
    throw std::runtime_error("another process took shards of this ledger meanwhile");
}

/// Leaves the shards without an owner, for the first node that starts. The fence first, as with every change of hands.
void leave_shards(SqlSession& session, const Incarnation& me) {
  const Parameters mine = Parameters{}.add(me.uuid);
  session.within("BEGIN", [&] {
    session.ask("UPDATE lane_fence SET fence = fence + 1 WHERE incarnation = $1", mine);
    session.ask("UPDATE shard SET owner = NULL, epoch = epoch + 1, target = NULL WHERE owner = $1", mine);
    session.ask("UPDATE node SET state = 'left', ended_at = now() WHERE incarnation = $1", mine);
  });
}

void generate(const GenerateOptions& options) {
  if (options.wallets < 2 || options.events < options.wallets || options.batch_rows == 0)
    throw std::runtime_error("generate-journal needs at least two wallets and an event for each");
  SqlSession session({.database = options.database, .application_name = "dompet/generate", .read_only = false});
  refuse_unless_empty(session);
  const auto begin = std::chrono::steady_clock::now();
  std::random_device device;
  const std::uint64_t tail = std::uint64_t{device()} << 32 | device();
  std::array<std::uint8_t, 10> random{};
  std::memcpy(random.data(), &tail, sizeof tail);
  const NodeRow me{.incarnation = {make_uuid_v7(now_ms(), random)}, .name = "generate-journal"};
  take_shards(options.database, me);
  const auto store = make_postgres_lane_store({.database = options.database,
                                               .node_name = me.name,
                                               .incarnation = me.incarnation,
                                               .answer_timeout_ms = 120'000});
  const auto shards = static_cast<Shard>(session.ask("SELECT shard_count FROM ledger")[0].number(0));
  LedgerWriter writer(*store, store->claim(), shards);
  Generation generation(options, writer);
  generation.run();
  if (!options.wallets_file.empty())
    generation.write_wallets(options.wallets_file);
  leave_shards(session, me.incarnation);
  session.run("ANALYZE journal, wallet, system_total");
  std::printf("%llu records of %llu wallets in %.1f s\n", static_cast<unsigned long long>(options.events),
              static_cast<unsigned long long>(options.wallets),
              std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

}  // namespace

void add_generate_journal(CLI::App& app) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* command = app.add_subcommand(
      "generate-journal", "Preparation of benchmarks only: fills an empty ledger with a made-up past that verifies.");
  command->add_option("--database", options->database, "libpq connection string or URL")
      ->envname("DOMPET_DATABASE_URL")
      ->required();
  command->add_option("--wallets", options->wallets, "Wallets to open, one record each")->capture_default_str();
  command->add_option("--events", options->events, "Records in all; half of the rest are top-ups, half transfers")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Equal seeds give equal amounts and parties")->capture_default_str();
  command->add_option("--wallets-file", options->wallets_file, "Writes the wallets' ids for `dompetctl load` there");
  command->add_option("--batch-rows", options->batch_rows, "Records a commit")->capture_default_str();
  command->footer("Writes to the database directly, past every actor. Refuses when the journal holds anything or a\n"
                  "node is connected. Not for a ledger with money in it.");
  command->callback([options] { generate(*options); });
}

}  // namespace dompet::cli
