#include "persistence/reader_payments.hpp"

#include <algorithm>

#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

std::string array_of(const std::vector<TransactionId>& ids) {
  std::string text = "{";
  for (const TransactionId& id : ids)
    text += (text.size() > 1 ? "," : "") + to_string(id);
  return text + "}";
}

TransactionId payment_of(const Record& record) {
  const bool is_act = record.transaction && record.transaction->parent != TransactionId{};
  return is_act ? record.transaction->parent : record.id;
}

}  // namespace

std::map<TransactionId, std::vector<Record>> records_of_payments(SqlSession& session,
                                                                 const std::vector<TransactionId>& payments) {
  static const std::string sql = "SELECT " + journal_columns() +
                                 " FROM journal j WHERE j.id = ANY ($1::uuid[]) UNION ALL SELECT " + journal_columns() +
                                 " FROM journal j WHERE j.parent = ANY ($1::uuid[])";
  std::map<TransactionId, std::vector<Record>> families;
  if (!payments.empty())
    session.ask_prepared(sql, Parameters{}.add(array_of(payments))).each([&](const Row& row) {
      Record record = record_of(row);
      families[payment_of(record)].push_back(std::move(record));
    });
  return families;
}

void fill_payment(StoredTransaction& payment, const std::vector<Record>& records) {
  payment.payment = totals_of(records);
  if (payment.record.kind != RecordKind::payment_authorized)
    return;
  payment.completed_at_ms = 0;
  if (payment.payment->is_open()) {
    payment.state = SagaState::reserved;
    return;
  }
  payment.state = payment.payment->captured > 0 ? SagaState::settled : SagaState::released;
  for (const Record& record : records)
    if (record.transaction->kind != TransactionKind::refund)
      payment.completed_at_ms = std::max(payment.completed_at_ms, record.at_ms);
}

std::string_view status_of(const StoredTransaction& stored) {
  const bool manual = stored.record.kind == RecordKind::payment_authorized;
  switch (stored.state) {
    case SagaState::settled: return "completed";
    case SagaState::declined: return "declined";
    case SagaState::released: return manual || was_called_off(stored.refusal) ? "cancelled" : "failed";
    default: return manual ? "authorized" : "pending";
  }
}

Refundable Reader::refundable(const TransactionId& payment, const WalletId& merchant_wallet) {
  return refundable_of(merchant_wallet, records_of_payments(*session_, {payment})[payment]);
}

std::vector<ExpiredPayment> Reader::authorizations_before(Shard shard, std::int64_t begun_before_ms,
                                                          const TransactionId& after, int limit) {
  static const std::string sql = "SELECT " + journal_columns() +
                                 " FROM journal j WHERE j.shard = $1 AND j.kind = 11 AND j.id > $2 AND j.id < $3"
                                 " ORDER BY j.id LIMIT $4";
  std::vector<ExpiredPayment> open;
  for (TransactionId last = after;;) {
    const Rows rows = session_->ask_prepared(
        sql, Parameters{}.add(shard).add(last.uuid).add(first_uuid_of(begun_before_ms)).add(limit));
    std::vector<TransactionId> ids;
    rows.each([&](const Row& row) { ids.push_back(record_of(row).id); });
    const auto families = records_of_payments(*session_, ids);
    rows.each([&](const Row& row) {
      const Record begun = record_of(row);
      last = begun.id;
      if (std::ssize(open) < limit && totals_of(families.at(begun.id)).remaining > 0)
        open.push_back(
            {begun.id, begun.transaction->source, begun.transaction->expires_at_ms, begun.transaction->currency});
    });
    if (std::ssize(open) == limit || rows.size() < limit)
      return open;
  }
}

}  // namespace dompet
