#include "persistence/reader.hpp"

#include <algorithm>
#include <limits>

#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

constexpr auto no_bound = std::numeric_limits<std::int64_t>::max();

/// Legs a round trip when a wallet is loaded; far more than follow a snapshot, so one round trip is the rule.
constexpr std::int64_t legs_a_fetch = 4'096;

/// One row first, in the journal's columns: in `shard_seq` the wallet's last seq, in `wallet_seq` and `payload` its
/// newest snapshot not above $2. Then the legs from the snapshot's own (to check it by) on, unordered.
std::string load_sql() {
  const std::string newest = "(SELECT coalesce(max(seq), 0) FROM newest)";
  const std::string range = " BETWEEN " + newest + " AND " + newest + " + " + std::to_string(legs_a_fetch);
  return "WITH newest AS MATERIALIZED (SELECT seq, state FROM snapshot WHERE wallet = $1 AND seq <= $2"
         " ORDER BY seq DESC LIMIT 1)"
         " SELECT 0, 0, 0, greatest((SELECT max(wallet_seq) FROM journal WHERE wallet = $1 AND kind <> 4),"
         " (SELECT max(peer_seq) FROM journal WHERE peer = $1)), 0, 0, 0, (SELECT seq FROM newest), NULL, NULL, NULL,"
         " NULL, NULL, (SELECT state FROM newest), 0, NULL, NULL"
         " UNION ALL SELECT " +
         journal_columns() + " FROM journal j WHERE wallet = $1 AND kind <> 4 AND wallet_seq" + range +
         " UNION ALL SELECT " + journal_columns() + " FROM journal j WHERE peer = $1 AND peer_seq" + range;
}

std::string legs_sql() {
  return "SELECT " + journal_columns() +
         " FROM journal j WHERE wallet = $1 AND kind <> 4 AND wallet_seq > $2 AND wallet_seq <= $3"
         " UNION ALL SELECT " +
         journal_columns() + " FROM journal j WHERE peer = $1 AND peer_seq > $2 AND peer_seq <= $3";
}

/// Records with a leg on the wallet, by that leg's seq.
std::vector<StatementLine> lines_of(const WalletId& wallet, const Rows& rows, int first_row) {
  std::vector<StatementLine> lines;
  for (int index = first_row; index < rows.size(); ++index) {
    Record record = record_of(rows[index]);
    const Leg* leg = leg_of(record, wallet);
    if (leg == nullptr)
      throw Unreadable("a record of wallet " + to_string(wallet) + " has no leg on it");
    Leg copy = *leg;
    lines.push_back({std::move(record), std::move(copy)});
  }
  std::ranges::sort(lines, {}, [](const StatementLine& line) { return line.leg.seq; });
  return lines;
}

void go_on(WalletHistory& history, const StatementLine& line) {
  const Digest expected = link(history.digest, line.record, line.leg);
  if (!replay(history, line.leg))
    throw Unreadable("wallet " + to_string(line.leg.wallet) + " does not replay at seq " +
                     std::to_string(history.seq + 1));
  if (history.digest != expected)
    throw Unreadable("wallet " + to_string(line.leg.wallet) + " has a broken hash chain at seq " +
                     std::to_string(history.seq));
}

/// Whether a snapshot says what the journal says at its seq.
bool agrees(const WalletHistory& snapshot, const Leg& leg) {
  return snapshot.digest == leg.digest && snapshot.wallet.available == leg.available_after &&
         snapshot.wallet.held == leg.held_after && within_bounds(snapshot.wallet);
}

/// Loads one wallet up to a seq: the newest snapshot that can be trusted, and every leg after it.
class WalletLoader {
 public:
  WalletLoader(SqlSession& session, const WalletId& wallet, std::int64_t up_to)
      : session_(session), wallet_(wallet), up_to_(up_to) {}

  std::optional<WalletHistory> load() {
    for (std::int64_t below = up_to_;;) {
      const Rows rows = session_.ask_prepared(load_sql(), Parameters{}.add(wallet_.uuid).add(below));
      head_ = std::min(rows[0].number_if_any(3).value_or(0), up_to_);
      const auto snapshot_seq = rows[0].number_if_any(7);
      if (!snapshot_seq && head_ == 0)
        return std::nullopt;
      if (start(rows, snapshot_seq))
        return finish();
      below = *snapshot_seq - 1;
    }
  }

 private:
  /// False when the snapshot cannot be trusted; without one it begins at nothing.
  bool start(const Rows& rows, std::optional<std::int64_t> snapshot_seq) {
    history_ = {};
    history_.wallet.id = wallet_;
    if (snapshot_seq && !read_snapshot(rows[0], *snapshot_seq))
      return false;
    std::vector<StatementLine> lines = lines_of(wallet_, rows, 1);
    if (snapshot_seq) {
      if (lines.empty() || lines.front().leg.seq != history_.seq || !agrees(history_, lines.front().leg))
        return false;
      lines.erase(lines.begin());
    }
    follow(lines);
    return true;
  }

  bool read_snapshot(const Row& row, std::int64_t seq) {
    try {
      history_ = decode_snapshot(row.bytes(13));
    } catch (const Unreadable&) {
      return false;
    }
    return history_.wallet.id == wallet_ && history_.seq == static_cast<std::uint64_t>(seq);
  }

  void follow(const std::vector<StatementLine>& lines) {
    for (const StatementLine& line : lines)
      if (static_cast<std::int64_t>(line.leg.seq) <= up_to_)
        go_on(history_, line);
  }

  WalletHistory finish() {
    while (static_cast<std::int64_t>(history_.seq) < head_) {
      const auto from = static_cast<std::int64_t>(history_.seq);
      const Rows rows = session_.ask_prepared(
          legs_sql(), Parameters{}.add(wallet_.uuid).add(from).add(std::min(head_, from + legs_a_fetch)));
      if (rows.empty())
        throw Unreadable("wallet " + to_string(wallet_) + " lacks its legs after seq " + std::to_string(from));
      follow(lines_of(wallet_, rows, 0));
    }
    return std::move(history_);
  }

  SqlSession& session_;
  WalletId wallet_;
  std::int64_t up_to_;
  /// The last seq to load.
  std::int64_t head_ = 0;
  WalletHistory history_{};
};

}  // namespace

Reader::Reader(ReaderSettings settings)
    : session_(std::make_unique<Session>(SessionSettings{.database = std::move(settings.database),
                                                         .application_name = std::move(settings.application_name),
                                                         .connect_timeout_s = settings.connect_timeout_s,
                                                         .statement_timeout_ms = settings.statement_timeout_ms,
                                                         .replaces_broken = true},
                                         settings.one_of_several)) {}

Reader::~Reader() = default;

std::optional<WalletHistory> Reader::load_wallet(const WalletId& wallet) {
  return WalletLoader(*session_, wallet, no_bound).load();
}

std::optional<WalletHistory> Reader::wallet_as_of(const WalletId& wallet, std::int64_t at_ms) {
  const std::uint64_t last = seq_before(wallet, at_ms + 1);
  if (last == 0)
    return std::nullopt;
  return WalletLoader(*session_, wallet, static_cast<std::int64_t>(last)).load();
}

std::optional<std::int64_t> Reader::opened_at_ms(const WalletId& wallet) {
  static const std::string sql = "SELECT " + milliseconds("opened_at") + " FROM wallet WHERE id = $1";
  const Rows rows = session_->ask_prepared(sql, Parameters{}.add(wallet.uuid));
  if (rows.empty())
    return std::nullopt;
  return rows[0].number(0);
}

std::vector<StatementLine> Reader::statement(const WalletId& wallet, std::optional<std::uint64_t> before_seq, int limit,
                                             std::uint64_t after_seq) {
  static const std::string sql =
      "(SELECT " + journal_columns() +
      " FROM journal j WHERE wallet = $1 AND kind <> 4 AND wallet_seq < $2 AND wallet_seq > $4"
      " ORDER BY wallet_seq DESC LIMIT $3) UNION ALL (SELECT " +
      journal_columns() +
      " FROM journal j WHERE peer = $1 AND peer_seq < $2 AND peer_seq > $4"
      " ORDER BY peer_seq DESC LIMIT $3)";
  const std::int64_t before = before_seq ? static_cast<std::int64_t>(*before_seq) : no_bound;
  const auto after = static_cast<std::int64_t>(after_seq);
  const Rows rows = session_->ask_prepared(sql, Parameters{}.add(wallet.uuid).add(before).add(limit).add(after));
  std::vector<StatementLine> lines = lines_of(wallet, rows, 0);
  std::ranges::reverse(lines);
  if (lines.size() > static_cast<std::size_t>(limit))
    lines.resize(static_cast<std::size_t>(limit));
  return lines;
}

std::uint64_t Reader::seq_before(const WalletId& wallet, std::int64_t at_ms) {
  static const std::string sql = "SELECT wallet_seq_before_v1($1, to_timestamp($2::bigint / 1000.0))";
  const Rows rows = session_->ask_prepared(sql, Parameters{}.add(wallet.uuid).add(at_ms));
  return static_cast<std::uint64_t>(rows[0].number(0));
}

}  // namespace dompet
