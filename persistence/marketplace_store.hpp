#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/money.hpp"
#include "persistence/audit_log.hpp"

namespace dompet {

/// An order of a marketplace that is paid here, and how far the marketplace knows. Times are milliseconds since 1970.
struct MarketplaceNotice {
  Uuid id{};
  std::string marketplace{};
  std::string va_number{};
  Uuid merchant{};
  /// Of the payment.
  KeyId key{};
  Minor amount = 0;
  Currency currency{};
  /// "paying": it is not known here whether the money is durable. "due": it is, and the marketplace is to be told.
  /// "refused": the same, but its last clear word was that it does not take that; it is told again all the same.
  /// "delivered": it was told.
  std::string state = "paying";
  bool is_to_be_told() const { return state == "due" || state == "refused"; }
  std::optional<TransactionId> transaction{};
  int attempts = 0;
  std::string last_error{};
  std::int64_t begun_at_ms = 0;
  std::optional<std::int64_t> paid_at_ms{};
  std::optional<std::int64_t> delivered_at_ms{};
  std::int64_t next_at_ms = 0;
};

/// An order as the ledger knows it: the same for the same number of the same marketplace.
InvoiceId order_id(const std::string& marketplace, const std::string& va_number);

/// All that are given must hold.
struct NoticeQuery {
  std::string state{};
  std::string marketplace{};
  std::optional<Uuid> before{};
  int limit = 50;
};

/// What marketplaces are told, in database 0. A notice is written before its payment goes to the ledger, becomes due
/// when the journal has the payment, and goes when the payment was declined; so nobody is told what is not so, and
/// whoever is to be told is, whoever dies when. Blocks; throws what a reader throws.
class MarketplaceStore {
 public:
  explicit MarketplaceStore(Reader& reader);

  /// Whose the order is now.
  enum class Begun { ours, paid, under_way };
  /// `ours`: the payment with this key, and no other, may be begun, or begun again. An order is one payment's at a
  /// time.
  Begun begin(const MarketplaceNotice& notice);
  /// The journal has the payment of `notice`: the marketplace is to be told, even if nothing was noted before. False
  /// when another payment of the order was to be told already, which the ledger forbids: somebody must look at it.
  bool paid(const MarketplaceNotice& notice, const TransactionId& payment, std::int64_t at_ms);
  /// The journal says that the payment was declined for good.
  void give_up(const std::string& marketplace, const std::string& va_number, const KeyId& key);
  /// The journal has nothing of the payment: it never will be, unless it was begun again meanwhile.
  void forget_if_over(const std::string& marketplace, const std::string& va_number, const KeyId& key);
  /// Its end is not known: the journal is to be asked at once.
  void look_now(const std::string& marketplace, const std::string& va_number, const KeyId& key);

  struct Unknown {
    MarketplaceNotice notice{};
    /// So old that what the journal has not now it will never have.
    bool is_over = false;
  };
  /// Payments to be looked up, each by one node at a time: for some seconds they are the caller's.
  std::vector<Unknown> claim_unknown(int most);

  /// The next notice of the marketplace that is to be told, the caller's for so long; its attempt is counted. One that
  /// was never tried goes before those that failed.
  std::optional<MarketplaceNotice> claim_due(const std::string& marketplace, std::int64_t lease_ms);
  void delivered(const Uuid& id);
  /// It is told again after that time. `is_refused`: the marketplace has answered that it does not take it.
  void failed(const Uuid& id, const std::string& error, bool is_refused, std::int64_t again_in_ms);

  /// Notices to be told, and those of them that were refused; both are counted up to `most_counted`.
  struct Waiting {
    std::int64_t all = 0;
    std::int64_t refused = 0;
  };
  static constexpr int most_counted = 100'000;
  Waiting count_waiting();

  /// What is known here of an order that somebody wants to pay.
  struct OrderHere {
    /// Who is paid; empty when there is no such merchant.
    std::string merchant_name{};
    /// The marketplace may not have heard of it yet.
    bool is_paid = false;
  };
  OrderHere here(const std::string& marketplace, const std::string& va_number, const MerchantId& merchant);

  /// Newest first.
  std::vector<MarketplaceNotice> list(const NoticeQuery& query);
  /// Tells it as soon as may be. Nothing when there is no such notice; what was delivered stays as it is.
  std::optional<MarketplaceNotice> retry(const Uuid& id, const Act& act);

 private:
  SqlSession& session_;
};

}  // namespace dompet
