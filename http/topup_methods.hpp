#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace dompet::http {

/// How a top-up can be paid. Each names the external account `external:<method>:<currency>` that the money comes from.
inline constexpr std::array<std::string_view, 21> topup_methods{
    "alfamart",  "indomart", "lawson",     "dana",     "ovo",
    "gopay",     "linkaja",  "jenius",     "fastpay",  "kudo",
    "bri",       "mandiri",  "bca",        "bni",      "bukopin",
    "e-banking", "visa",     "mastercard", "discover", "american express",
    "paypal"};

inline bool is_topup_method(std::string_view method) {
  return std::ranges::find(topup_methods, method) != topup_methods.end();
}

/// How a payment was paid, for the merchant's records and for statistics.
inline bool is_payment_method(std::string_view method) {
  return method == "card" || method == "wallet" || is_topup_method(method);
}

/// What a payment of an invoice was paid by.
inline constexpr std::string_view va_method = "virtual_account";

/// What withdrawals go through: the external account `external:bank_transfer:<currency>`.
inline constexpr std::string_view payout_method = "bank_transfer";

}  // namespace dompet::http
