#include "http/conversion.hpp"

#include <chrono>

#include "http/id_source.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

std::string pair_text(const Currency& from, const Currency& to) {
  return std::string{from.text()}.append(" to ").append(to.text());
}

}  // namespace

std::expected<Conversion, Problem> convert_now(const Services& services, const Currency& from, const Currency& to,
                                               Minor amount) {
  const std::int64_t most_age_ms = std::chrono::milliseconds(services.exchange.most_rate_age).count();
  const auto used = services.rates.read()->between(from, to, wall_clock_ms(), most_age_ms);
  if (!used)
    return std::unexpected(
        used.error() == RateFault::too_old
            ? Problem{.code = "rate_too_old", .detail = "The rate of " + pair_text(from, to) + " is too old."}
            : Problem{.code = "rate_not_found", .detail = "There is no rate of " + pair_text(from, to) + "."});
  const auto converted = convert(amount, used->rate, from, to);
  if (!converted)
    return std::unexpected(Problem{.code = "invalid_amount", .detail = "Converted, the amount is too large."});
  return Conversion{from, amount, to, *used, *converted};
}

void append_conversion(JsonWriter& json, const Conversion& conversion) {
  const auto& [from, amount, to, used, converted] = conversion;
  json.plain("from", from.text()).plain("to", to.text()).plain("amount", format_amount(amount, from));
  json.plain("rate", format_rate(used.rate)).plain("converted_amount", format_amount(converted, to));
  json.plain("rounding", rounding_of(amount, used.rate, from, to, converted)).plain("rate_at", format_time(used.at_ms));
  json.key("through");
  if (used.through)
    json.text(used.through->text());
  else
    json.null();
}

}  // namespace dompet::http
