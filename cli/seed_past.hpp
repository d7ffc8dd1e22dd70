#pragma once

#include <cstdint>
#include <string>

namespace dompet::cli {

/// A made-up past for a ledger that is empty.
struct PastWish {
  std::string database{};
  int months = 24;
  std::uint64_t movements = 300'000;
  std::uint64_t people = 400;
  std::uint64_t shops = 40;
  std::uint64_t seed = 1;
  /// What the numbers of cards are sealed with: the file of the nodes that will serve the ledger.
  std::string key_file = "var/keys/dompet.keys";
  /// Of all its people and staff, with which they log in; at least 8 characters.
  std::string password{};
};

/// Lets people join, be paid, pay and be paid back from so many months ago until this midnight (UTC), through Dompet's
/// own engine with a clock that runs through those months: wallets decide, the commit lane writes, and everything is
/// dated when it was asked for. The users, cards, merchants and documents that the movements name get their rows; how
/// the people log in is printed when they are made. No node may serve the ledger meanwhile. A run that was cut off goes
/// on where it stood when it is started again on the same day with the same wish; of a past that is complete it changes
/// nothing. Throws `std::runtime_error` when the ledger holds anything else.
void seed_past(const PastWish& wish);

}  // namespace dompet::cli
