#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace dompet {

/// Appends numbers and texts to a byte string: big-endian, LEB128 for what is mostly small.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void u64(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8)
      u8(static_cast<std::uint8_t>(value >> shift));
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      u8(static_cast<std::uint8_t>(value | 0x80));
    u8(static_cast<std::uint8_t>(value));
  }
  /// Zigzag, so that small negatives stay small.
  void signed_varint(std::int64_t value) {
    varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void text(std::string_view value) {
    varint(value.size());
    out_.append(value);
  }
  template <std::size_t Size>
  void raw(const std::array<std::uint8_t, Size>& value) {
    out_.append(reinterpret_cast<const char*>(value.data()), Size);
  }

 private:
  std::string& out_;
};

/// Reads what ByteWriter wrote. Past the end it throws the exception type that it was made with.
template <class Fault>
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : left_(bytes) {}

  std::uint8_t u8() {
    const auto value = static_cast<std::uint8_t>(take(1)[0]);
    return value;
  }
  std::uint64_t u64() {
    std::uint64_t value = 0;
    for (char byte : take(8))
      value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t byte = u8();
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0)
        return value;
    }
    throw Fault("a number runs over 64 bits");
  }
  std::int64_t signed_varint() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  std::string text() { return std::string{take(varint())}; }
  template <std::size_t Size>
  std::array<std::uint8_t, Size> raw() {
    std::array<std::uint8_t, Size> value{};
    std::memcpy(value.data(), take(Size).data(), Size);
    return value;
  }
  bool at_end() const { return left_.empty(); }
  std::size_t left() const { return left_.size(); }

 private:
  std::string_view take(std::size_t size) {
    if (size > left_.size())
      throw Fault("the bytes end too early");
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }

  std::string_view left_;
};

}  // namespace dompet
