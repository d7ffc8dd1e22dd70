#include "persistence/reader_list_statement.hpp"

#include <set>
#include <utility>

namespace dompet {

namespace {

/// What begins a transaction that lists show: topup, transfer, declined, hold_placed, payment_authorized, topup_begun.
constexpr const char* beginnings = "2, 3, 4, 5, 11, 14";

/// What came to the first wallet of its row: topup, transfer_credited, topup_begun. Of everything else that wallet
/// pays.
constexpr const char* receiving_kinds = "2, 6, 14";

/// What went by steps and was given back, by why. Where the register that says so is in another database, it is looked
/// at behind the statement.
constexpr const char* if_by_steps_cancelled =
    " AND (r.kind NOT IN (5, 14) OR (s.state = 4 AND coalesce(d.reason, 15) = 15))";
constexpr const char* unless_cancelled = " AND d.reason IS DISTINCT FROM 15";
static_assert(static_cast<int>(SagaState::released) == 4 && static_cast<int>(Decline::cancelled) == 15);

/// An act's record stands for its payment, which only the payment's own record tells about.
constexpr const char* unless_act = "j.parent IS NOT NULL OR ";

std::set<int> kinds_of(TransactionKind kind) {
  switch (kind) {
    case TransactionKind::topup: return {2, 4, 14};
    case TransactionKind::withdrawal: return {4, 5};
    case TransactionKind::payment: return {3, 4, 5, 6, 11};
    default: return {3, 4, 5, 6};
  }
}

std::set<int> kinds_of_status(const std::string& status) {
  if (status == "completed")
    return {2, 3, 5, 6, 11, 14};
  if (status == "pending")
    return {5, 6, 14};
  if (status == "declined")
    return {4};
  if (status == "failed")
    return {5, 14};
  if (status == "authorized")
    return {3, 6, 11};
  if (status == "cancelled")
    return {3, 5, 6, 11, 14};
  return {};
}

}  // namespace

bool in_few_sagas(const TransactionFilter& filter) { return filter.status == "pending" || filter.status == "failed"; }

std::vector<int> kinds_of(const TransactionFilter& filter) {
  std::set<int> kinds{2, 3, 4, 5, 6, 11, 14};
  const auto leave = [&kinds](const std::set<int>& left) {
    std::erase_if(kinds, [&](int kind) { return !left.contains(kind); });
  };
  if (filter.kind)
    leave(kinds_of(*filter.kind));
  if (!filter.status.empty())
    leave(kinds_of_status(filter.status));
  return {kinds.begin(), kinds.end()};
}

ListStatement::ListStatement(const TransactionFilter& filter, Wallets wallets, const TransactionCursor& before,
                             int limit, int window, Here here)
    : filter_(filter), wallets_(std::move(wallets)), before_(before), limit_(" LIMIT " + std::to_string(limit)),
      window_(window), here_(std::move(here)) {
  for (const int kind : kinds_of(filter))
    kinds_ += (kinds_.empty() ? "" : ", ") + std::to_string(kind);
}

std::string ListStatement::sql() {
  if (filter_.owner)
    return of_owner();
  if (filter_.wallet)
    return of_wallet();
  return in_few_sagas(filter_) ? of_sagas() : of_all();
}

std::string ListStatement::times(const std::string& unless) {
  std::string sql;
  if (filter_.from_ms)
    sql += " AND (" + unless + "j.id >= " + bind(first_uuid_of(*filter_.from_ms)) + ")";
  if (filter_.to_ms)
    sql += " AND (" + unless + "j.id < " + bind(first_uuid_of(*filter_.to_ms)) + ")";
  return sql;
}

/// An act is in its payment's currency.
std::string ListStatement::money(const std::string& table, const std::string& unless) {
  std::string sql;
  if (filter_.currency)
    sql += " AND " + table + ".currency = " + bind(std::int64_t{filter_.currency->numeric});
  if (filter_.min_amount)
    sql += " AND (" + unless + table + ".amount >= " + bind(*filter_.min_amount) + ")";
  if (filter_.max_amount)
    sql += " AND (" + unless + table + ".amount <= " + bind(*filter_.max_amount) + ")";
  return sql;
}

/// Walks the index of ids a window at a time, whatever the filter: the window's last row is always told, so that
/// the walk can go on behind it.
std::string ListStatement::of_all() {
  const std::string steps = filter_.status == "cancelled" ? if_by_steps_cancelled : "";
  return "WITH recent AS MATERIALIZED (SELECT j.id, j.kind, j.amount, j.currency FROM journal j WHERE j.kind IN (" +
         std::string{beginnings} + ") AND j.id < " + bind(before_.id.uuid) + times("") + here_("j.shard") +
         " ORDER BY j.id DESC LIMIT " + std::to_string(window_) + ") SELECT " + transaction_columns() +
         ", (SELECT count(*) FROM recent), j.id, NULL, NULL FROM recent r JOIN journal j ON j.id = r.id AND"
         " j.kind = r.kind" +
         transaction_joins + " WHERE r.kind IN (" + kinds_ + ")" + steps + money("r", "") +
         " OR r.id = (SELECT id FROM recent ORDER BY id LIMIT 1) ORDER BY r.id DESC" + limit_;
}

std::string ListStatement::of_sagas() {
  const bool is_over = filter_.status == "failed";
  const std::string states = is_over ? "(4)" : open_saga_states;
  return "SELECT " + transaction_columns() +
         ", NULL, j.id, NULL, NULL FROM saga s JOIN journal j ON j.id = s.id AND j.kind IN (5, 14)"
         " LEFT JOIN decision d ON d.id = s.id WHERE s.state IN " +
         states + (is_over ? unless_cancelled : "") + " AND s.id < " + bind(before_.id.uuid) + times("") +
         money("j", "") + here_("s.source_shard") + " ORDER BY s.id DESC" + limit_;
}

/// Three index scans, each in the order of the wallet's seqs: as `wallet`, as `peer`, declined; of a direction only
/// those where it can stand, so that a shop's few payments are not looked for among its million incomes. `before` and
/// `declined_before` are conditions; "{seq}" in the former is where the leg's seq stands.
std::string ListStatement::legs(const std::string& wallet, const std::string& before,
                                const std::string& declined_before) {
  const std::string filters = " AND j.kind IN (" + kinds_ + ")" + times(unless_act) + money("j", unless_act);
  const bool only_in = filter_.direction == Direction::in;
  const bool only_out = filter_.direction == Direction::out;
  const std::string side =
      only_in || only_out ? std::string{only_in ? " AND j.kind IN (" : " AND j.kind NOT IN ("} + receiving_kinds + ")"
                          : std::string{};
  const auto leg = [&](const std::string& party, const std::string& seq, const std::string& more) {
    std::string condition = before;
    for (std::size_t at = condition.find("{seq}"); at != std::string::npos; at = condition.find("{seq}"))
      condition.replace(at, 5, "j." + seq);
    return "(SELECT j.id, j.at, j." + seq + " AS seq FROM journal j WHERE j." + party + " = " + wallet + more +
           " AND " + condition + filters + " ORDER BY j." + seq + " DESC" + limit_ + ")";
  };
  return leg("wallet", "wallet_seq", " AND j.kind <> 4" + side) +
         (only_out ? std::string{} : std::string{" UNION ALL "}.append(leg("peer", "peer_seq", ""))) +
         " UNION ALL (SELECT j.id, j.at, j.wallet_seq FROM journal j WHERE j.wallet = " + wallet +
         " AND j.kind = 4 AND " + declined_before + filters + " ORDER BY j.wallet_seq DESC, j.id DESC" + limit_ + ")";
}

std::string ListStatement::of_wallet() {
  const std::string wallet = bind(filter_.wallet->uuid);
  const std::string seq = bind(static_cast<std::int64_t>(before_.place));
  const std::string id = bind(before_.id.uuid);
  return "SELECT " + transaction_columns() + ", c.seq, c.id, " + wallet + "::uuid, c.seq FROM (" +
         legs(wallet, "{seq} <= " + seq + " AND ({seq} < " + seq + " OR j.id < " + id + ")",
              "(j.wallet_seq, j.id) < (" + seq + ", " + id + ")") +
         ") c " + beginning() + transaction_joins + " ORDER BY c.seq DESC, c.id DESC" + limit_;
}

/// The same for every wallet of an owner, and of these the newest. Along a wallet's seqs its times do not fall, so that
/// the place at which a page begins is found by halving.
std::string ListStatement::of_owner() {
  std::string mine = "{";
  for (const WalletId& wallet : wallets_)
    mine += (mine.size() > 1 ? "," : "") + to_string(wallet);
  const std::string at =
      "timestamptz 'epoch' + " + bind(static_cast<std::int64_t>(before_.place)) + "::bigint * interval '1 millisecond'";
  const std::string before = "(j.at, j.id) < (" + at + ", " + bind(before_.id.uuid) + ")";
  return "WITH mine AS MATERIALIZED (SELECT w AS wallet, wallet_seq_before_v1(w, " + at +
         " + interval '1 millisecond') AS seq FROM unnest(" + bind(mine + "}") + "::uuid[]) AS w) SELECT " +
         transaction_columns() + ", " + milliseconds("c.at") +
         ", c.id, c.wallet, c.seq FROM (SELECT m.wallet, l.* FROM mine m CROSS JOIN LATERAL (" +
         legs("m.wallet", "{seq} <= m.seq AND " + before, "j.wallet_seq <= m.seq AND " + before) +
         ") l ORDER BY l.at DESC, l.id DESC, m.wallet" + limit_ + ") c " + beginning() + transaction_joins +
         " ORDER BY c.at DESC, c.id DESC, c.wallet" + limit_;
}

/// The record that began what stands at `c`. Of a transfer from another database nothing is here but its credit.
std::string ListStatement::beginning() const {
  return "JOIN LATERAL (SELECT * FROM journal r WHERE r.id = c.id AND r.kind IN (" + std::string{beginnings} +
         ", 6) ORDER BY CASE r.kind WHEN 6 THEN 2 WHEN 2 THEN 1 ELSE 0 END LIMIT 1) j ON true";
}

}  // namespace dompet
