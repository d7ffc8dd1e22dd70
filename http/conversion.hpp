#pragma once

#include <expected>
#include <string_view>

#include "domain/rate_table.hpp"
#include "http/json.hpp"
#include "http/problem.hpp"
#include "http/services.hpp"

namespace dompet::http {

/// An amount, and what it comes to in another currency now.
struct Conversion {
  Currency from{};
  Minor amount = 0;
  Currency to{};
  UsedRate rate{};
  Minor converted = 0;
};

/// By the rates that this node has now; otherwise why it does not: no rate, one that is too old, or an amount that
/// comes to too much. It may come to nothing.
std::expected<Conversion, Problem> convert_now(const Services& services, const Currency& from, const Currency& to,
                                               Minor amount);

/// Its members: from, to, amount, rate, converted_amount, rounding, rate_at, through.
void append_conversion(JsonWriter& json, const Conversion& conversion);

}  // namespace dompet::http
