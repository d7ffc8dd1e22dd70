#include "cli/load/request_template.hpp"

#include "cli/load/random.hpp"

namespace dompet::cli {

IdText key_text(std::uint64_t run, std::uint64_t number) {
  // `low` alone is a bijection of `number`, less the six bits that UUIDs reserve; those live on in `high`.
  const auto low = scatter(number ^ run);
  const auto high = scatter(low ^ (run << 1));
  constexpr char digits[] = "0123456789abcdef";
  IdText text;
  std::size_t at = 0;
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20)
      text[at++] = '-';
    const auto half = nibble < 16 ? high : low;
    const auto shift = 60 - 4 * (nibble & 15);
    auto value = static_cast<unsigned>((half >> shift) & 15U);
    if (nibble == 12)
      value = 4;
    if (nibble == 16)
      value = (value & 3U) | 8U;
    text[at++] = digits[value];
  }
  return text;
}

RequestTemplate::RequestTemplate(const Common& common, std::string_view method, std::string_view path,
                                 const std::vector<std::pair<std::string, std::string>>& headers,
                                 std::string_view body) {
  text_.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: ").append(common.host);
  for (const auto* some : {&common.headers, &headers})
    for (const auto& [name, value] : *some)
      text_.append("\r\n").append(name).append(": ").append(value);
  if (method != "GET")
    text_.append("\r\nContent-Type: application/json\r\nContent-Length: ").append(std::to_string(body.size()));
  text_.append("\r\n\r\n").append(body);
}

std::vector<std::size_t> RequestTemplate::places_of(char mark, std::size_t width) const {
  const std::string run(width, mark);
  std::vector<std::size_t> places;
  for (auto at = text_.find(run); at != std::string::npos; at = text_.find(run, at + width))
    places.push_back(at);
  return places;
}

}  // namespace dompet::cli
