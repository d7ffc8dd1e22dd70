#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "domain/invoice.hpp"
#include "domain/money.hpp"
#include "persistence/audit_log.hpp"
#include "persistence/reference_table.hpp"

namespace dompet {

struct Record;

/// An invoice as it is shown. Times are milliseconds since 1970.
struct StoredInvoice {
  InvoiceId id{};
  Uuid merchant{};
  /// Where the money goes.
  WalletId wallet{};
  std::string va_number{};
  Minor amount = 0;
  Currency currency{};
  std::string description{};
  /// The merchant's own name for it; empty for none.
  std::string reference{};
  /// "open", "paid", "expired", "cancelled".
  std::string status = "open";
  std::int64_t expires_at_ms = 0;
  std::int64_t created_at_ms = 0;
  std::optional<std::int64_t> paid_at_ms{};
  std::optional<std::int64_t> cancelled_at_ms{};
  /// That paid it.
  std::optional<TransactionId> transaction{};
};

/// All that are given must hold.
struct InvoiceQuery {
  std::optional<ReferenceOwner> owner{};
  std::optional<Uuid> merchant{};
  /// As it is shown; empty for all.
  std::string status{};
  /// The whole of it; empty for all.
  std::string reference{};
  std::optional<Uuid> before{};
  int limit = 50;
};

/// What a payer wants to pay.
struct WantedBill {
  std::string va_number{};
  Minor amount = 0;
  Currency currency{};
  /// Of the payment.
  KeyId key{};
};

/// The merchants' invoices, in database 0. It never decides that an invoice is paid, it notes what the ledger says.
/// Blocks; throws what a reader throws.
class InvoiceStore {
 public:
  explicit InvoiceStore(Reader& reader);

  /// Gives it a number that nobody has, and writes it down. `va_prefix` is Dompet's own.
  StoredInvoice add(StoredInvoice invoice, const std::string& va_prefix, const Act& act);
  /// Newest first.
  std::vector<StoredInvoice> list(const InvoiceQuery& query);
  std::optional<StoredInvoice> read(const InvoiceId& id, const std::optional<ReferenceOwner>& owner);

  /// For whoever knows its number.
  struct ForPayer {
    StoredInvoice invoice{};
    std::string merchant_name{};
  };
  std::optional<ForPayer> find(const std::string& va_number);

  enum class Fault {
    not_found,
    paid,
    expired,
    cancelled,
    amount_mismatch,
    merchant_not_active,
    /// A payment of it is under way.
    under_way,
  };

  /// The invoice is not paid from the commit on: it waits for payments that are being begun, and whoever begins one
  /// later finds it cancelled. One that has a payment whose end is not known is not cancelled. Twice is once.
  std::expected<StoredInvoice, Fault> cancel(const InvoiceId& id, const std::optional<ReferenceOwner>& owner,
                                             const Act& act);

  /// Looks the invoice up for a payment and notes that the payment begins. From here on only `paid` and `give_up` end
  /// the note: the sweep asks the journal if nobody else does.
  std::expected<StoredInvoice, Fault> begin(const WantedBill& wanted);
  /// The journal has the payment. Whatever the invoice's status was: money is money.
  void paid(const InvoiceId& id, const TransactionId& payment, std::int64_t at_ms);
  /// The journal says that the payment was declined for good.
  void give_up(const InvoiceId& id, const KeyId& key);
  /// The journal has nothing of the payment: it never will be, unless it was begun again meanwhile.
  void forget_if_over(const InvoiceId& id, const KeyId& key);
  /// Its end is not known: the journal is to be asked at once.
  void look_now(const InvoiceId& id, const KeyId& key);

  struct Attempt {
    InvoiceId invoice{};
    KeyId key{};
    /// So old that what the journal has not now it will never have.
    bool is_over = false;
  };
  /// Payments to be looked up, each by one node at a time: for some seconds they are the caller's.
  std::vector<Attempt> claim_attempts(int most);

 private:
  SqlSession& session_;
};

/// Whether it is a record of a payment of the bill. A key may have been used for something else before.
bool pays(const Record& record, const InvoiceId& invoice);

/// How long after its beginning a payment of a bill is surely over, whatever the clocks of two nodes differ by.
inline constexpr std::int64_t bill_is_over_ms = invoice_decision_ms + 2 * 60 * 1000;

}  // namespace dompet
