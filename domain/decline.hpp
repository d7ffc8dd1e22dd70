#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dompet {

/// Why a wallet says no: each name completes "declined because…". A request that fails several rules is declined for
/// the first, in the order of the checks in wallet.cpp. The numbers are stored in the journal: never reuse one.
enum class Decline : std::uint8_t {
  wallet_not_found = 1,
  wallet_closed = 2,
  wallet_frozen = 3,
  currency_mismatch = 4,
  same_wallet = 5,
  transaction_limit_exceeded = 6,
  insufficient_funds = 7,
  maximum_balance_exceeded = 8,
  balance_overflow = 9,
  hold_not_found = 10,
  hold_exceeded = 11,
  wallet_not_empty = 12,
  wallet_has_holds = 13,
  already_exists = 14,
  cancelled = 15,
  card_blocked = 16,
  daily_limit_exceeded = 17,
  weekly_limit_exceeded = 18,
  monthly_limit_exceeded = 19,
  payment_not_open = 20,
  refund_exceeded = 21,
  provider_refused = 22,
  forbidden = 23,
  risk_blocked = 24,
  risk_rejected = 25,
  invoice_paid = 26,
  invoice_expired = 27,
  too_many_paid_invoices = 28,
  converts_to_nothing = 29,
  rate_expired = 30,
};

/// The code clients see: the enumerator's name.
std::string_view code(Decline decline);
/// One whole sentence for people.
std::string_view sentence(Decline decline);
/// Whether it was called off before its other side decided, by an operator, an officer, or because its time was over.
constexpr bool was_called_off(const std::optional<Decline>& decline) {
  return decline == Decline::cancelled || decline == Decline::risk_rejected || decline == Decline::rate_expired;
}
std::optional<Decline> decline_of(std::uint8_t number);

}  // namespace dompet
