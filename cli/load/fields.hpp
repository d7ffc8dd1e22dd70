#pragma once

#include <cstring>
#include <string>

#include "cli/load/random.hpp"
#include "cli/load/request_template.hpp"

namespace dompet::cli {

// Marks of the fields that change from request to request. None of them occurs elsewhere in a request of ours, at this
// length.
inline constexpr char key_mark = '#';
inline constexpr char source_mark = '<';
inline constexpr char destination_mark = '>';
inline constexpr char amount_mark = '%';
inline constexpr std::size_t id_width = sizeof(IdText);

/// Whole units from 100 to 999: three digits, right in every currency, never zero.
inline constexpr std::size_t amount_width = 3;

inline void put(std::string& bytes, std::size_t at, const IdText& id) {
  std::memcpy(bytes.data() + at, id.data(), id.size());
}

inline void put_amount(std::string& bytes, std::size_t at, Random& random) {
  const auto amount = 100 + random.below(900);
  bytes[at] = static_cast<char>('0' + amount / 100);
  bytes[at + 1] = static_cast<char>('0' + amount / 10 % 10);
  bytes[at + 2] = static_cast<char>('0' + amount % 10);
}

}  // namespace dompet::cli
