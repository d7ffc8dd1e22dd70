#pragma once

#include <expected>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/ids.hpp"
#include "domain/money.hpp"
#include "http/problem.hpp"

namespace dompet::http {

/// The parameters of a query, percent-decoded. Takes them by name and notes every one that is not as it must be;
/// unknown and repeated ones are noted at once.
class QueryParameters {
 public:
  QueryParameters(std::string_view query, std::initializer_list<std::string_view> known);
  QueryParameters(std::string_view query, std::span<const std::string_view> known);

  std::optional<std::string> text(std::string_view name) const;
  std::optional<Uuid> id(std::string_view name);
  std::optional<std::int64_t> time_ms(std::string_view name);
  std::optional<std::int64_t> number(std::string_view name, std::int64_t least, std::int64_t most);
  bool has(std::string_view name) const { return text(name).has_value(); }
  /// A code of ISO 4217 that is known here.
  std::optional<Currency> currency(std::string_view name);
  /// A decimal with at most as many digits after the point as the currency has, in its minor units.
  std::optional<Minor> amount(std::string_view name, const Currency& currency);
  /// One of the choices; empty when it is not there.
  std::string choice(std::string_view name, std::initializer_list<std::string_view> choices);
  void fault(std::string_view name, std::string detail, std::string_view code = "invalid_parameter");

  /// 400 when anything was noted.
  std::optional<Problem> problem() const;

  /// Equal for equal filters in the same list: of the route and of every parameter that is not about paging.
  std::uint64_t filters(std::string_view route_template) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
  std::vector<FieldError> errors_;
};

/// A segment of a path as it was meant, in UTF-8: what is none becomes U+FFFD.
std::string percent_decoded(std::string_view text);

/// Where a list goes on: behind this place.
struct Position {
  Uuid id{};
  std::uint64_t seq = 0;
};

/// Which part of a list is wanted.
struct Page {
  int limit = 50;
  std::optional<Position> after{};
  /// What its cursors are bound to.
  std::uint64_t filters = 0;
};

inline constexpr int largest_page = 200;
/// Of lists as CSV, which people open as a whole: some two megabytes.
inline constexpr int largest_csv_page = 10'000;

/// Reads `limit` and `cursor`, and says what was noted before: a page is asked for when all else was taken. As CSV a
/// page is as large as it may be unless said otherwise.
std::expected<Page, Problem> read_page(QueryParameters& parameters, std::string_view route_template,
                                       bool as_csv = false);

/// The opaque text of a position, for `next_cursor`.
std::string write_cursor(std::uint64_t filters, const Position& position);

}  // namespace dompet::http
