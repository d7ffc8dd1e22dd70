#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/money.hpp"

namespace dompet::cli {

/// The first line of a file of payments; every other line is one payment with these five fields, without quotes:
/// `PAY-000001,USD,731.20,ACC_SRC_0042,ACC_DST_0007`. Amounts are decimals of the currency's own digits.
inline constexpr std::string_view payments_header = "id,currency,amount,source_account,destination_account";

/// An account of the file in one currency: a wallet, since a wallet has one currency.
struct PaymentAccount {
  std::string name;
  Currency currency;
  /// What all payments of the file take out of it, in minor units.
  Minor spent = 0;
};

/// One payment; source and destination are indexes into `PaymentsFile::accounts`.
struct PaymentRow {
  std::uint64_t line = 0;  ///< of the file, the header being 1
  std::string id;
  Minor amount = 0;
  std::uint32_t source = 0;
  std::uint32_t destination = 0;
};

/// A whole file, checked.
struct PaymentsFile {
  std::vector<PaymentAccount> accounts;
  std::vector<PaymentRow> rows;
};

/// Reads and checks a file of at most ten million payments; nothing is half read. Throws `std::runtime_error` when it
/// cannot be read, and, when rows are wrong, with a sentence for each of the first twenty: its line and its fault.
/// A row is wrong when a field is missing or more than there should be, when its id is empty, longer than 40 characters
/// or stood before, when its currency is not of ISO 4217, its amount none of that currency, or when it pays itself.
PaymentsFile read_payments(const std::string& path);

}  // namespace dompet::cli
