#pragma once

#include <optional>
#include <string>

#include "domain/ids.hpp"
#include "http/statistics_query.hpp"
#include "persistence/movement_reader.hpp"

namespace dompet::http {

// Sums of movements become JSON here. Pure functions; every amount is exact, however large.

/// Every period has its row for every currency, and by method for every method that the answer has: a zero where
/// nothing was. A balance is that of the period's end, and null for a period that has not begun. In the order of
/// currency, period, method, status.
std::string render_statistics(const StatisticsQuery& query, const MovementAnswer& answer);

/// Whose dashboard it is.
struct DashboardOf {
  /// "ledger", "wallets" of a user, or "card".
  std::string_view scope{};
  std::optional<CardId> card{};
  std::optional<WalletId> wallet{};
  /// How many wallets were added up; nothing for the ledger as a whole.
  std::optional<std::size_t> wallets{};
  /// Of a card its wallet's, in minor units: the sums leave out what other cards of the wallet paid.
  std::optional<Minor> balance{};
  /// Also told when nothing ever moved in it.
  std::optional<Currency> currency{};
};

/// All that ever completed, by currency: a balance, and count and amount of each kind. Of wallets what they sent and
/// what they received stand apart, so that nothing between two of them is counted twice.
std::string render_dashboard(const DashboardOf& of, const MovementAnswer& answer);

}  // namespace dompet::http
