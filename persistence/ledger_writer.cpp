#include "persistence/ledger_writer.hpp"

#include "domain/ensure.hpp"
#include "domain/posting.hpp"

namespace dompet {

namespace {

/// Whose shard writes the record: the wallet of its first leg, or the party that a record without legs is about.
WalletId writer_of(const Record& record) {
  if (record.legs > 0)
    return record.leg[0].wallet;
  if (!record.transaction)
    throw Bug("a record without legs has a transaction");
  const bool receives =
      record.kind == RecordKind::transfer_refused || record.transaction->kind == TransactionKind::topup;
  return receives ? record.transaction->destination : record.transaction->source;
}

}  // namespace

LedgerWriter::LedgerWriter(LaneStore& store, const std::vector<Claim>& claims, Shard shard_count)
    : store_(store), shard_count_(shard_count) {
  for (const Claim& claim : claims)
    streams_[claim.shard] = claim;
  batch_.id = 1;
}

void LedgerWriter::set_time(std::int64_t at_ms) {
  ensure(batch_.journal.empty(), "a batch has one time");
  batch_.at_ms = at_ms;
}

const Record& LedgerWriter::add(Record record) {
  record.shard = shard_of(writer_of(record), shard_count_);
  Claim& stream = streams_.at(record.shard);
  record.shard_seq = ++stream.last_seq;
  record.epoch = stream.epoch;
  record.batch = batch_.id;
  record.at_ms = batch_.at_ms;
  for (Leg& leg : record.all_legs()) {
    WalletHistory& history = histories_[leg.wallet];
    history.wallet.id = leg.wallet;
    extend(history, leg);
    leg.digest = history.digest = link(history.digest, record, leg);
    if (record.kind == RecordKind::wallet_changed)
      batch_.wallets.push_back({leg.wallet, record.shard, history.wallet.currency, history.wallet.name,
                                name_of(history.wallet.status), history.wallet.owner});
  }
  for (const Entry& line : system_entries(record))
    totals_[{record.shard, line.account}] += line.amount;
  batch_.journal.push_back(encode(record));
  if (record.kind == RecordKind::declined)
    if (const auto known = histories_.find(writer_of(record)); known != histories_.end())
      batch_.journal.back().wallet_seq = static_cast<std::int64_t>(known->second.seq);
  last_ = std::move(record);
  return last_;
}

CommitResult LedgerWriter::try_commit() {
  for (const auto& [key, amount] : totals_)
    batch_.totals.push_back({key.first, key.second, amount});
  totals_.clear();
  const CommitResult result = store_.commit(batch_);
  batch_ = Batch{.id = batch_.id + 1, .at_ms = batch_.at_ms};
  return result;
}

void LedgerWriter::commit() {
  if (const CommitResult result = try_commit(); result.outcome != Outcome::durable)
    throw Unavailable("the batch was not committed: " + result.reason);
}

}  // namespace dompet
