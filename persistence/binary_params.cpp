#include "persistence/binary_params.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace dompet {

namespace {
static_assert(std::endian::native == std::endian::little, "numbers are swapped into network order");
constexpr std::int64_t unix_ms_of_2000 = 946'684'800'000;
}  // namespace

void BinaryParams::big_endian(std::uint64_t value, int bytes) {
  const std::uint64_t swapped = __builtin_bswap64(value);
  std::array<char, sizeof swapped> raw{};
  std::memcpy(raw.data(), &swapped, sizeof swapped);
  bytes_.append(raw.data() + raw.size() - static_cast<std::size_t>(bytes), static_cast<std::size_t>(bytes));
}

void BinaryParams::begin() { starts_.push_back(bytes_.size()); }

void BinaryParams::end() { lengths_.push_back(static_cast<int>(bytes_.size() - starts_.back())); }

void BinaryParams::int8(std::int64_t value) {
  begin();
  big_endian(static_cast<std::uint64_t>(value), 8);
  end();
}

void BinaryParams::uuid(const Uuid& value) {
  begin();
  bytes_.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
  end();
}

void BinaryParams::timestamp(std::int64_t unix_ms) { int8((unix_ms - unix_ms_of_2000) * 1000); }

void BinaryParams::begin_array(PgType type, std::size_t size) {
  begin();
  const bool empty = size == 0;
  big_endian(empty ? 0 : 1, 4);  // dimensions
  big_endian(1, 4);              // may hold nulls
  big_endian(static_cast<std::uint32_t>(type), 4);
  if (empty)
    return;
  big_endian(size, 4);
  big_endian(1, 4);  // lower bound
}

void BinaryParams::element(PgType type, std::int64_t value) {
  const int bytes = type == PgType::int2 ? 2 : 8;
  big_endian(static_cast<std::uint64_t>(bytes), 4);
  big_endian(static_cast<std::uint64_t>(value), bytes);
}

void BinaryParams::element(PgType, const Uuid& value) {
  big_endian(value.bytes.size(), 4);
  bytes_.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
}

void BinaryParams::element(PgType, std::string_view value) {
  big_endian(value.size(), 4);
  bytes_.append(value);
}

std::vector<const char*> BinaryParams::values() const {
  std::vector<const char*> values;
  values.reserve(starts_.size());
  for (std::size_t start : starts_)
    values.push_back(bytes_.data() + start);
  return values;
}

}  // namespace dompet
