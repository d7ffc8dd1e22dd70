#pragma once

#include <string>
#include <vector>

#include "domain/record.hpp"

namespace dompet {

/// One line of a posting: an account and what it gains. Wallets are what we owe, so money from outside is a
/// minus on its external account.
struct Entry {
  /// `wallet:<id>`, `held:<id>`, or a system account such as `external:bri:IDR`, `transit:IDR` and `fx:IDR`.
  std::string account;
  Minor amount = 0;
  Currency currency{};
  bool operator==(const Entry&) const = default;
};

/// The balanced group of entries that a record stands for. Empty for records that move no money.
std::vector<Entry> postings(const Record& record);

/// What a record adds to the totals kept beside the journal in the same commit: its system accounts, and
/// `wallets:<currency>` when the wallets as a whole gained or lost. A compact transfer of one currency adds nothing.
std::vector<Entry> system_entries(const Record& record);

/// What an event adds to all that its wallet has, available and held together.
Minor gain_of(const Event& event);

/// Whether the entries add up to nothing, in each currency.
bool is_balanced(const std::vector<Entry>& entries);

}  // namespace dompet
