#include "http/graphql/fields.hpp"

namespace dompet::http {

namespace {

using enum FieldRow::How;
using namespace fields;

constexpr FieldRow made_by(std::string_view field, graphql::Value (*make)(const graphql::Value&)) {
  return {.field = field, .how = made, .make = make};
}

constexpr FieldRow own_way(std::string_view field, void (*serve)(const VisitPtr&, const AskedPtr&, graphql::Answered)) {
  return {.field = field, .how = own, .own = serve};
}

constexpr FieldRow table[]{
    own_way("Query.myProfile", my_profile),
    own_way("Query.myWallets", my_wallets),
    own_way("Query.myTransactions", my_transactions),
    own_way("Query.myHistory", my_history),
    own_way("Query.getFraudLogs", list_fraud_logs),
    {"Query.getOrderByVA", thing, "/v1/virtual-accounts/{vaNumber}"},
    own_way("Query.node", node),
    {"Query.me", thing, "/v1/auth/me"},
    {"Query.wallet", thing, "/v1/wallets/{id}"},
    {"Query.wallets", list, "/v1/wallets"},
    {"Query.entries", list, "/v1/wallets/{walletId}/entries"},
    {"Query.transaction", thing, "/v1/transactions/{id}"},
    {"Query.transactions", list, "/v1/transactions"},
    {"Query.history", list, "/v1/history"},
    {"Query.card", thing, "/v1/cards/{id}"},
    {"Query.cards", list, "/v1/cards"},
    {"Query.merchant", thing, "/v1/merchants/{id}"},
    {"Query.merchants", list, "/v1/merchants"},
    {"Query.user", thing, "/v1/users/{id}"},
    {"Query.users", list, "/v1/users"},
    {"Query.invoice", thing, "/v1/invoices/{id}"},
    {"Query.invoices", list, "/v1/invoices"},
    {"Query.saga", thing, "/v1/sagas/{id}"},
    {"Query.sagas", list, "/v1/sagas"},

    own_way("Mutation.registerUser", register_user),
    {"Mutation.loginUser", order, "/v1/auth/login"},
    own_way("Mutation.createWallet", create_wallet),
    own_way("Mutation.deleteWallet", delete_wallet),
    own_way("Mutation.topupWallet", top_up_wallet),
    own_way("Mutation.deductWallet", deduct_wallet),
    own_way("Mutation.createTransaction", create_transaction),
    own_way("Mutation.deleteAllTransactions", delete_all_transactions),
    own_way("Mutation.checkFraud", check_fraud),
    own_way("Mutation.deleteFraudLog", delete_fraud_log),
    own_way("Mutation.addHistory", add_history),
    own_way("Mutation.deleteHistory", delete_history),
    own_way("Mutation.generateInvoiceVA", generate_invoice_va),
    own_way("Mutation.simulateRaceCondition", simulate_race),
    {"Mutation.transfer", money, "/v1/transfers"},
    {"Mutation.topUp", money, "/v1/topups"},
    {"Mutation.withdraw", money, "/v1/withdrawals"},
    {"Mutation.pay", money, "/v1/payments"},
    {"Mutation.capture", money, "/v1/payments/{paymentId}/capture"},
    {"Mutation.void", money, "/v1/payments/{paymentId}/void"},
    {"Mutation.refund", money, "/v1/transactions/{transactionId}/refunds"},
    {"Mutation.createInvoice", order, "/v1/invoices"},
    {"Mutation.cancelInvoice", order, "/v1/invoices/{id}/cancel"},

    made_by("Wallet.status", wallet_status),
    {"Wallet.balance", member, "balance.available"},
    {"Wallet.available", member, "balance.available"},
    {"Wallet.held", member, "balance.held"},
    {"Wallet.total", member, "balance.total"},
    {"Wallet.walletId", member, "id"},
    {"Wallet.walletName", member, "name"},
    {"Wallet.user", thing_if_seen, "/v1/users/{.user_id}"},
    {"Wallet.entries", list, "/v1/wallets/{.id}/entries"},
    {"Wallet.transactions", list, "/v1/transactions?wallet_id={.id}"},
    {"Entry.transaction", thing_if_seen, "/v1/transactions/{.transaction_id}"},
    {"Transaction.sourceWallet", thing_if_seen, "/v1/wallets/{.source_wallet_id}"},
    {"Transaction.destinationWallet", thing_if_seen, "/v1/wallets/{.destination_wallet_id}"},
    {"Transaction.merchant", thing_if_seen, "/v1/merchants/{.merchant_id}"},
    {"Card.wallet", thing_if_seen, "/v1/wallets/{.wallet_id}"},
    {"Merchant.wallet", thing_if_seen, "/v1/wallets/{.wallet_id}"},
    {"Invoice.merchant", thing_if_seen, "/v1/merchants/{.merchant_id}"},
    {"Invoice.transaction", thing_if_seen, "/v1/transactions/{.transaction_id}"},
    {"Saga.transaction", thing_if_seen, "/v1/transactions/{.id}"},
    {"User.user_id", member, "id"},
    made_by("User.fullname", full_name),
    made_by("User.role", first_role),
    own_way("LoginAnswer.user", user_of_login),

    {"TransactionSummary.transactionId", member, "id"},
    made_by("TransactionSummary.walletId", simple_wallet),
    {"TransactionSummary.exactAmount", member, "amount"},
    made_by("TransactionSummary.type", simple_type),
    made_by("TransactionSummary.status", simple_status),
    made_by("TransactionSummary.transaction", itself),
    {"HistoryEntry.historyId", member, "id"},
    {"HistoryEntry.transactionId", member, "id"},
    {"HistoryEntry.exactAmount", member, "amount"},
    made_by("HistoryEntry.type", simple_type),
    made_by("HistoryEntry.status", simple_status),

    made_by("FraudVerdict.is_fraud", is_fraud),
    made_by("FraudVerdict.status", fraud_status),
    made_by("FraudVerdict.reason", fraud_reason),
    {"FraudLog.logId", member, "id"},
    {"FraudLog.createdAt", member, "at"},
    {"FraudLog.exactAmount", member, "amount"},
    made_by("FraudLog.status", fraud_status),
    made_by("FraudLog.reason", fraud_reason),
    {"Order.id", member, "va_number"},
    {"Order.totalHarga", member, "amount"},
    {"Order.exactAmount", member, "amount"},
    made_by("Order.status", order_status),
    made_by("Order.paymentStatus", order_payment),
    {"Order.nomorVA", member, "va_number"},
    own_way("Order.invoice", invoice_of_order),
};

}  // namespace

std::span<const FieldRow> field_rows() { return table; }

}  // namespace dompet::http
