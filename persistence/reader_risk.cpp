#include "persistence/reader_rows.hpp"

// What risk rules must know of a wallet.

namespace dompet {

namespace {

/// Clocks of nodes differ by less: a record may be sealed by another one than gave it its id.
constexpr std::int64_t clock_margin_ms = 5'000;

}  // namespace

RecentMovements Reader::movements_since(const WalletId& wallet, std::int64_t since_ms, int limit) {
  // transfer, hold_placed, payment_authorized, payment_incremented: what can take money out of the row's first wallet.
  static const std::string sql =
      "SELECT " + journal_columns() +
      " FROM journal j WHERE wallet = $1 AND kind <> 4 AND kind IN (3, 5, 11, 12) AND wallet_seq >"
      " wallet_seq_before_v1($1, to_timestamp($2::bigint / 1000.0)) ORDER BY wallet_seq DESC LIMIT $3";
  const Rows rows =
      session_->ask_prepared(sql, Parameters{}.add(wallet.uuid).add(since_ms - clock_margin_ms).add(limit));
  RecentMovements recent{.is_cut = rows.size() == limit};
  rows.each([&](const Row& row) {
    const Record record = record_of(row);
    const Transaction& transaction = *record.transaction;
    if (is_counted_by_velocity(transaction.kind))
      recent.movements.push_back({transaction.id, transaction.kind, transaction.currency, transaction.amount});
  });
  return recent;
}

std::optional<UserId> Reader::owner_of(const WalletId& wallet) {
  static const std::string sql = "SELECT owner FROM wallet WHERE id = $1";
  const Rows rows = session_->ask_prepared(sql, Parameters{}.add(wallet.uuid));
  if (rows.empty())
    return std::nullopt;
  return UserId{rows[0].uuid_if_any(0).value_or(Uuid{})};
}

}  // namespace dompet
