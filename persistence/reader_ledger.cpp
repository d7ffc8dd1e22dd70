#include "persistence/reader.hpp"
#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

/// Keys a round trip: half a megabyte.
constexpr std::int64_t records_a_key_fetch = 16'384;

struct DurabilitySetting {
  const char* name;
  const char* sentence;
};

constexpr DurabilitySetting must_be_on[]{
    {"fsync", "fsync is off: a power cut loses acknowledged money"},
    {"full_page_writes", "full_page_writes is off: a power cut can tear pages of the journal"},
    {"synchronous_commit", "synchronous_commit is off: a crash loses acknowledged money"},
};

bool is_safe(std::string_view value) { return value == "on" || value == "remote_apply" || value == "remote_write"; }

}  // namespace

std::vector<WalletListing> Reader::wallets(const std::optional<WalletId>& before, const std::string& name_contains,
                                           int limit, const std::optional<UserId>& owner) {
  Parameters parameters;
  std::string sql =
      "SELECT id, " + milliseconds("opened_at") + " FROM wallet WHERE true" + session_->only_here("shard");
  if (before)
    sql += " AND id < " + parameters.add(before->uuid).last();
  if (owner)
    sql += " AND owner = " + parameters.add(owner->uuid).last();
  if (!name_contains.empty())
    sql += " AND position(lower(" + parameters.add(name_contains).last() + ") IN lower(name)) > 0";
  std::vector<WalletListing> page;
  session_->ask(sql + " ORDER BY id DESC LIMIT " + std::to_string(limit), parameters).each([&](const Row& row) {
    const WalletId id{row.uuid(0)};
    auto history = load_wallet(id);
    if (!history)
      throw Unreadable("wallet " + to_string(id) + " is listed but has no history");
    page.push_back({std::move(*history), row.number(1)});
  });
  return page;
}

std::vector<TrialBalanceLine> Reader::trial_balance() {
  std::vector<TrialBalanceLine> lines;
  session_
      ->ask_prepared("SELECT account, sum(total)::bigint FROM system_total WHERE true" + session_->only_here("shard") +
                     " GROUP BY account ORDER BY account")
      .each([&](const Row& row) { lines.push_back({std::string{row.text(0)}, row.number(1)}); });
  return lines;
}

std::vector<Record> Reader::stream(Shard shard, std::uint64_t after_seq, int limit) {
  static const std::string sql =
      "SELECT " + journal_columns() + " FROM journal j WHERE shard = $1 AND shard_seq > $2 ORDER BY shard_seq LIMIT $3";
  std::vector<Record> records;
  session_->ask_prepared(sql, Parameters{}.add(shard).add(static_cast<std::int64_t>(after_seq)).add(limit))
      .each([&](const Row& row) { records.push_back(record_of(row)); });
  return records;
}

void Reader::keys_of(Shard shard, const std::function<void(const KeyId&)>& take) {
  static const std::string sql =
      "SELECT shard_seq, key FROM journal WHERE shard = $1 AND shard_seq > $2 ORDER BY shard_seq LIMIT $3";
  for (std::int64_t after = 0;;) {
    const Rows rows = session_->ask_prepared(sql, Parameters{}.add(shard).add(after).add(records_a_key_fetch));
    rows.each([&](const Row& row) {
      if (!row.is_null(1))
        take({row.uuid(1)});
    });
    if (rows.size() < records_a_key_fetch)
      return;
    after = rows[rows.size() - 1].number(0);
  }
}

Shard Reader::shard_count() { return session_->shard_count(); }

SqlSession& Reader::session() { return *session_; }

bool Reader::is_one_of_several() const { return session_->is_one_of_several(); }

std::vector<Shard> Reader::shards_here() {
  static const std::string sql = shards_here_sql + " ORDER BY shard";
  std::vector<Shard> shards;
  session_->ask_prepared(sql).each([&](const Row& row) { shards.push_back(static_cast<Shard>(row.number(0))); });
  return shards;
}

std::vector<std::string> Reader::durability_faults() {
  std::vector<std::string> faults;
  for (const DurabilitySetting& setting : must_be_on) {
    const Rows rows = session_->ask("SELECT current_setting($1)", Parameters{}.add(std::string{setting.name}));
    if (!is_safe(rows[0].text(0)))
      faults.emplace_back(setting.sentence);
  }
  if (session_->ask("SELECT pg_is_in_recovery()")[0].is_true(0))
    faults.emplace_back("the server is in recovery: it is a standby and takes no writes");
  return faults;
}

}  // namespace dompet
