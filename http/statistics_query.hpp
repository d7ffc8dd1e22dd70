#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/query.hpp"
#include "persistence/movement_reader.hpp"

namespace dompet::http {

/// What is measured. Only what really completed has an amount; what failed has one of its own.
enum class Measure : std::uint8_t { amount, count, failed_amount, balance };

std::string_view name_of(Measure measure);

/// Some months in a row, as a year or one of them alone.
struct Period {
  Month from{};
  /// The first month behind it.
  Month to{};
  /// 2026-11 or 2026.
  std::string name{};

  bool contains(Month month) const { return from <= month && month < to; }
};

/// A question of GET /v1/statistics, complete: nothing of it depends on the clock any more.
struct StatisticsQuery {
  Measure measure = Measure::amount;
  std::optional<TransactionKind> kind{};
  std::optional<Direction> direction{};
  std::optional<Currency> currency{};
  /// As it was asked: "month", "year,method", …
  std::string group_by{};
  bool by_method = false;
  /// Then amounts are told of both: what completed has an `amount`, what failed a `failed_amount`.
  bool by_status = false;
  /// In order and without gaps between them.
  std::vector<Period> periods{};
  /// At most one of them; none for the ledger as a whole.
  std::optional<Uuid> wallet{};
  std::optional<Uuid> card{};
  std::optional<Uuid> merchant{};

  bool is_about_somebody() const { return wallet || card || merchant; }
};

inline constexpr std::array<std::string_view, 10> statistics_parameters{
    "measure", "kind", "group_by", "year", "month", "direction", "currency", "wallet_id", "card_id", "merchant_id"};

/// Reads the parameters. Periods that are not named are those of `today`, in UTC.
std::expected<StatisticsQuery, Problem> read_statistics_query(QueryParameters& parameters, Month today);

/// What must be asked of the ledger for it. `wallets` is empty for the ledger as a whole; `party` is the merchant or
/// card.
MovementQuestion question_of(const StatisticsQuery& query, std::vector<WalletId> wallets, const Uuid& party);

}  // namespace dompet::http
