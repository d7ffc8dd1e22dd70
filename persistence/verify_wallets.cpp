#include <algorithm>

#include "persistence/verify_parts.hpp"

namespace dompet::verifying {

namespace {

/// The two columns that order the legs stand before the journal's own.
constexpr int first_column = 2;

/// " AND <column> is a wallet of the shard"; empty for all wallets.
std::string only_of(const std::string& column, std::optional<Shard> shard) {
  return shard ? " AND " + column + " IN (SELECT id FROM wallet WHERE shard = " + std::to_string(*shard) + ")" : "";
}

std::string legs_sql(std::optional<Shard> only) {
  return "SELECT j.wallet AS owner, j.wallet_seq AS seq, " + journal_columns() +
         " FROM journal j WHERE kind <> 4 AND wallet_seq IS NOT NULL" + only_of("wallet", only) +
         " UNION ALL SELECT j.peer, j.peer_seq, " + journal_columns() + " FROM journal j WHERE peer_seq IS NOT NULL" +
         only_of("peer", only) + " ORDER BY owner, seq";
}

std::string seq_text(const WalletHistory& history) {
  return "wallet " + to_string(history.wallet.id) + " seq " + std::to_string(history.seq);
}

/// Fronts of cursors whose first column is a wallet.
bool is_of(const std::optional<Cursor>& cursor, const WalletId& wallet) {
  return cursor->front() != nullptr && cursor->front()->uuid(0) == wallet.uuid;
}

}  // namespace

void WalletPass::run() {
  for (Place& place : places_)
    replay_wallets(place);
  look_at_books();
}

/// Of a wallet that lives elsewhere some legs may be here, in records that it shares with one that lives here.
void WalletPass::replay_wallets(Place& place, std::optional<Shard> only) {
  legs_.emplace(place.session, "legs", legs_sql(only));
  rows_.emplace(place.session, "wallet_rows",
                "SELECT id, shard, currency, name, status, owner FROM wallet WHERE true" + only_of("id", only) +
                    " ORDER BY id");
  snapshots_.emplace(place.session, "snapshots",
                     "SELECT wallet, seq, state FROM snapshot WHERE true" + only_of("wallet", only) +
                         " ORDER BY wallet, seq");
  for (;;) {
    std::optional<Uuid> next;
    for (const auto* cursor : {&legs_, &rows_, &snapshots_})
      if (const Row* row = (*cursor)->front())
        next = next ? std::min(*next, row->uuid(0)) : row->uuid(0);
    if (!next)
      break;
    const Shard shard = shard_of({*next}, shard_count_);
    if (only ? shard == *only : place.speaks_for(shard))
      look_at_wallet({*next});
    else
      for (auto* cursor : {&legs_, &rows_, &snapshots_})
        while (is_of(*cursor, {*next}))
          (*cursor)->advance();
  }
}

void WalletPass::look_at_wallet(const WalletId& wallet) {
  ++wallets_;
  history_ = {};
  history_.wallet.id = wallet;
  lost_ = false;
  for (;;) {
    // A snapshot is due once replay has come to its seq, or cannot come there any more.
    const bool has_leg = is_of(legs_, wallet);
    if (is_of(snapshots_, wallet) &&
        (!has_leg || lost_ || static_cast<std::uint64_t>(snapshots_->front()->number(1)) <= history_.seq)) {
      look_at_snapshot(*snapshots_->front());
      snapshots_->advance();
    } else if (has_leg) {
      replay_leg(*legs_->front());
      legs_->advance();
    } else {
      break;
    }
  }
  look_at_row();
  while (is_of(rows_, wallet))
    rows_->advance();
  Books::Held& held = books_.wallets[std::string{history_.wallet.currency.text()}];
  held.available += history_.wallet.available;
  held.held += history_.wallet.held;
}

void WalletPass::replay_leg(const Row& row) {
  if (lost_)
    return;
  const JournalRow journal = journal_row(row, first_column);
  try {
    const Record record = decode(journal);
    const Leg* leg = leg_of(record, history_.wallet.id);
    const Digest previous = history_.digest;
    lost_ = leg == nullptr || !replay(history_, *leg);
    replays_.look(!lost_, "I2: a leg does not follow from the ones before it",
                  "wallet " + to_string(history_.wallet.id) + " seq " + std::to_string(row.number(1)) + ", " +
                      where_is(journal));
    if (!lost_)
      chained_.look(link(previous, record, *leg) == leg->digest, "a leg's digest is not the chain's next link",
                    seq_text(history_) + ", " + where_is(journal));
  } catch (const Unreadable& fault) {
    lost_ = true;
    replays_.fault(std::string{fault.what()} + " (" + where_is(journal) + ")");
  }
}

void WalletPass::look_at_snapshot(const Row& row) {
  const std::string where = "snapshot wallet " + to_string(history_.wallet.id) + " seq " + std::string{row.text(1)};
  try {
    snapshots_agree_.look(decode_snapshot(row.bytes(2)) == history_, "a snapshot is not what replay gives", where);
  } catch (const Unreadable& fault) {
    snapshots_agree_.fault(std::string{fault.what()} + " (" + where + ")");
  }
}

void WalletPass::look_at_row() {
  const Wallet& wallet = history_.wallet;
  const std::string where = "wallet " + to_string(wallet.id);
  if (!is_of(rows_, wallet.id))
    return rows_agree_.look(false, "a wallet with a history is not in the table of wallets", where);
  const Row& row = *rows_->front();
  const bool agrees = row.number(1) == shard_of(wallet.id, shard_count_) && row.number(2) == wallet.currency.numeric &&
                      row.text(3) == wallet.name && row.text(4) == name_of(wallet.status) &&
                      row.uuid_if_any(5).value_or(Uuid{}) == wallet.owner.uuid;
  rows_agree_.look(agrees, "a wallet's row differs from what replay gives", where);
}

void WalletPass::look_at_books() {
  std::map<std::string, Minor> net_inflow;
  std::map<std::string, Minor> in_transit;
  std::map<std::string, Minor> stated;
  std::map<std::string, Minor> positions;
  const auto take = [&](const Row& row) {
    const std::string account{row.text(0)};
    const std::string currency = account.substr(account.rfind(':') + 1);
    if (account.starts_with("wallets:"))
      stated[currency] += row.number(1);
    else if (account.starts_with("transit:"))
      in_transit[currency] -= row.number(1);
    else if (account.starts_with("fx:"))
      positions[currency] += row.number(1);
    else
      net_inflow[currency] -= row.number(1);
    books_.wallets[currency];
  };
  for (Place& place : places_)
    place.session
        .ask("SELECT account, sum(total)::bigint FROM system_total WHERE true" + Place::only_here("shard") +
             " GROUP BY account")
        .each(take);
  for (const auto& [currency, held] : books_.wallets) {
    if (currency.empty())
      continue;
    const std::string where = "system_total of " + currency;
    conserved_.look(invariants::conserved(held.available, held.held, in_transit[currency], net_inflow[currency],
                                          positions[currency]),
                    where);
    conserved_.look(stated[currency] == held.available + held.held, "the wallets' total is not what they hold", where);
  }
}

void WalletPass::report(std::vector<LedgerCheck>& checks) const {
  for (const Check* check : {&replays_, &chained_, &snapshots_agree_, &rows_agree_, &conserved_})
    checks.push_back(check->result());
}

}  // namespace dompet::verifying
