#include "domain/record.hpp"

#include "domain/ensure.hpp"

namespace dompet {

std::string_view name_of(TransactionKind kind) {
  switch (kind) {
    case TransactionKind::topup: return "topup";
    case TransactionKind::transfer: return "transfer";
    case TransactionKind::withdrawal: return "withdrawal";
    case TransactionKind::payment: return "payment";
    case TransactionKind::refund: return "refund";
    case TransactionKind::capture: return "capture";
    case TransactionKind::increment: return "increment";
    case TransactionKind::void_payment: return "void";
  }
  throw Bug("a transaction has a known kind");
}

Money credit_of(const Transaction& transaction) {
  if (transaction.fx)
    return {transaction.fx->currency, transaction.fx->amount};
  return {transaction.currency, transaction.amount};
}

Currency currency_at(const Transaction& transaction, const WalletId& wallet) {
  return transaction.fx && wallet == transaction.destination ? transaction.fx->currency : transaction.currency;
}

bool awaits_review(const std::optional<Assessment>& risk) { return risk && risk->action == RiskAction::review; }

bool has_payment_details(const Transaction& transaction) {
  return transaction.parent != TransactionId{} || transaction.merchant != MerchantId{} ||
         transaction.card != CardId{} || !transaction.payout_account.empty() || transaction.manual_capture ||
         transaction.final_capture || transaction.expires_at_ms != 0 || transaction.bill.has_value();
}

}  // namespace dompet
