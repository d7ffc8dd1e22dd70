#include "domain/ids.hpp"

namespace dompet {

namespace {

constexpr std::array<int, 5> group_bytes{4, 2, 2, 2, 6};

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  if (digit >= 'a' && digit <= 'f')
    return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F')
    return digit - 'A' + 10;
  return -1;
}

}  // namespace

bool Uuid::is_nil() const { return *this == Uuid{}; }

std::optional<Uuid> parse_uuid(std::string_view text) {
  if (text.size() != 36)
    return std::nullopt;
  Uuid uuid;
  std::size_t at = 0;
  std::size_t byte = 0;
  for (std::size_t group = 0; group < group_bytes.size(); ++group) {
    if (group > 0 && text[at++] != '-')
      return std::nullopt;
    for (int i = 0; i < group_bytes[group]; ++i, at += 2) {
      const int high = hex_value(text[at]);
      const int low = hex_value(text[at + 1]);
      if (high < 0 || low < 0)
        return std::nullopt;
      uuid.bytes[byte++] = static_cast<std::uint8_t>(high * 16 + low);
    }
  }
  return uuid;
}

std::string to_string(const Uuid& uuid) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text(36, '-');
  std::size_t at = 0;
  std::size_t byte = 0;
  for (int bytes : group_bytes) {
    for (int i = 0; i < bytes; ++i, ++byte) {
      text[at++] = digits[uuid.bytes[byte] >> 4];
      text[at++] = digits[uuid.bytes[byte] & 15];
    }
    ++at;
  }
  return text;
}

Uuid make_uuid_v7(std::int64_t unix_ms, const std::array<std::uint8_t, 10>& random) {
  Uuid uuid;
  for (std::size_t i = 0; i < 6; ++i)
    uuid.bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(unix_ms) >> (8 * (5 - i)));
  std::memcpy(uuid.bytes.data() + 6, random.data(), random.size());
  uuid.bytes[6] = static_cast<std::uint8_t>(0x70 | (uuid.bytes[6] & 0x0F));
  uuid.bytes[8] = static_cast<std::uint8_t>(0x80 | (uuid.bytes[8] & 0x3F));
  return uuid;
}

std::int64_t unix_ms_of(const Uuid& uuid) {
  std::uint64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i)
    ms = ms << 8 | uuid.bytes[i];
  return static_cast<std::int64_t>(ms);
}

}  // namespace dompet
