#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dompet::cli {

using IdText = std::array<char, 36>;  ///< a UUID in canonical text form

/// An idempotency key that looks like a random UUID (version 4), as real clients send: the same (run, number) gives
/// the same key, different numbers never do.
IdText key_text(std::uint64_t run, std::uint64_t number);

/// A request rendered once, of which only fixed-width fields change. Placeholders are runs of one character that
/// occur nowhere else; `place` finds the next one from the front.
class RequestTemplate {
 public:
  /// Headers that go with every request, and the host.
  struct Common {
    std::string host;
    std::vector<std::pair<std::string, std::string>> headers;
  };

  RequestTemplate(const Common& common, std::string_view method, std::string_view path,
                  const std::vector<std::pair<std::string, std::string>>& headers, std::string_view body);

  const std::string& text() const { return text_; }

  /// Where each run of `width` characters `mark` begins, in order.
  std::vector<std::size_t> places_of(char mark, std::size_t width) const;

 private:
  std::string text_;
};

}  // namespace dompet::cli
