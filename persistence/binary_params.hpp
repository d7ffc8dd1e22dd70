#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.hpp"

namespace dompet {

/// Type numbers of pg_type, fixed for all PostgreSQL versions.
enum class PgType : std::uint32_t { int8 = 20, int2 = 21, text = 25, bytea = 17, uuid = 2950, timestamptz = 1184 };

/// Parameters of one prepared statement in PostgreSQL's binary format (documentation: "Frontend/Backend Protocol",
/// array_send). Values are appended in the order of the statement's parameters.
class BinaryParams {
 public:
  void int8(std::int64_t value);
  void uuid(const Uuid& value);
  /// Milliseconds since 1970 become microseconds since 2000.
  void timestamp(std::int64_t unix_ms);

  /// One array parameter of `rows`' column. `column(row)` gives an integer, a Uuid, a text, or an optional of them;
  /// an empty optional is null.
  template <class Rows, class Column>
  void array(PgType type, const Rows& rows, Column column) {
    begin_array(type, rows.size());
    for (const auto& row : rows)
      element(type, column(row));
    end();
  }

  int count() const { return static_cast<int>(starts_.size()); }
  std::vector<const char*> values() const;
  const std::vector<int>& lengths() const { return lengths_; }
  std::vector<int> formats() const { return std::vector<int>(starts_.size(), 1); }

 private:
  void begin();
  void end();
  void begin_array(PgType type, std::size_t size);
  void big_endian(std::uint64_t value, int bytes);

  void element(PgType type, std::int64_t value);
  void element(PgType type, const Uuid& value);
  void element(PgType type, std::string_view value);
  template <class Value>
  void element(PgType type, const std::optional<Value>& value) {
    if (value)
      element(type, *value);
    else
      big_endian(0xFFFFFFFFU, 4);
  }

  std::string bytes_{};
  std::vector<std::size_t> starts_{};
  std::vector<int> lengths_{};
};

}  // namespace dompet
