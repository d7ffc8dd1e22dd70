#include <algorithm>

#include "domain/payment.hpp"
#include "persistence/verify_parts.hpp"

namespace dompet::verifying {

namespace {

/// The payment stands behind the journal's own columns.
constexpr int payment_column = journal_width;

/// The payment that an event is about, where it says so.
std::optional<TransactionId> payment_of(const Event& event) {
  if (const auto* increased = std::get_if<HoldIncreased>(&event))
    return increased->payment;
  if (const auto* reserved = std::get_if<CaptureReserved>(&event))
    return reserved->payment;
  if (const auto* returned = std::get_if<CaptureReturned>(&event))
    return returned->payment;
  if (const auto* captured = std::get_if<AuthorizationCaptured>(&event))
    return captured->payment;
  if (const auto* voided = std::get_if<PaymentVoided>(&event))
    return voided->payment;
  return std::nullopt;
}

/// Whether a record can be what the acts on a payment act on, or what a refund gives back.
bool is_payment(const Record& record) {
  return record.transaction && record.transaction->kind == TransactionKind::payment &&
         record.kind != RecordKind::declined;
}

}  // namespace

/// Declined acts moved nothing and may name whatever they like.
void PaymentPass::run() {
  MergedCursor records(places_, "payments",
                       "SELECT " + journal_columns() +
                           ", coalesce(j.parent, j.id) AS payment FROM journal j WHERE kind <> 4 AND"
                           " (parent IS NOT NULL OR kind = 11 OR id IN (SELECT parent FROM journal"
                           " WHERE parent IS NOT NULL))" +
                           Place::only_here("shard") + " ORDER BY payment",
                       payment_column);
  std::vector<Record> family;
  std::optional<Uuid> payment;
  for (; records.front() != nullptr; records.advance()) {
    const Row& row = *records.front();
    if (payment && *payment != row.uuid(payment_column)) {
      look_at_family({*payment}, family);
      family.clear();
    }
    payment = row.uuid(payment_column);
    try {
      family.push_back(record_of(row));
    } catch (const Unreadable&) {
      continue;  // the streams' pass has said so
    }
  }
  if (payment)
    look_at_family({*payment}, family);
}

void PaymentPass::look_at_family(const TransactionId& payment, const std::vector<Record>& records) {
  const std::string where = "payment " + to_string(payment);
  named_.look(std::ranges::any_of(records, is_payment), "what acts on a payment acts on none", where);
  for (const Record& record : records)
    for (const Leg& leg : record.all_legs())
      if (const auto named = payment_of(leg.event))
        named_.look(*named == payment, "an act is on another payment than its event",
                    where + ", record " + to_string(record.id));
  look_at_sums(payment, records);
}

void PaymentPass::look_at_sums(const TransactionId& payment, const std::vector<Record>& records) {
  const auto begun = std::ranges::find_if(records, is_payment);
  if (begun == records.end())
    return;
  const std::string where = "payment " + to_string(payment);
  const PaymentTotals totals = totals_of(records);
  const Refundable merchant = refundable_of(begun->transaction->destination, records);
  within_.look(totals.remaining >= 0 && totals.under_way >= 0 &&
                   totals.captured + totals.remaining + totals.under_way <= totals.authorized,
               "more was captured than authorized", where);
  // What is credited but not settled yet is still reserved with the payer.
  within_.look(totals.captured <= merchant.paid && (begun->kind != RecordKind::payment_authorized ||
                                                    merchant.paid <= totals.captured + totals.under_way),
               "the payer paid another sum than the merchant got", where);
  within_.look(totals.converted == 0 || totals.converted <= merchant.captured,
               "captures came to more than the merchant got", where);
  within_.look(totals.refunded <= merchant.paid_back && merchant.paid_back <= merchant.paid &&
                   merchant.refunded <= merchant.captured,
               "more was refunded than captured", where);
}

void PaymentPass::report(std::vector<LedgerCheck>& checks) const {
  for (const Check* check : {&named_, &within_})
    checks.push_back(check->result());
}

}  // namespace dompet::verifying
