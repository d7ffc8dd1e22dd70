#pragma once

#include <cstddef>
#include <expected>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/record.hpp"
#include "domain/wallet.hpp"
#include "http/json.hpp"
#include "http/problem.hpp"

namespace dompet::http {

// Request bodies become domain values here, or a 400 problem that names every field that is wrong. Sources of the
// rules: HTTP contract, section 1.

template <class Value>
using Read = std::expected<Value, Problem>;

/// A body that is one JSON object.
Read<JsonValue> read_object(std::string_view body);

/// The value, or a 400 when any error was noted.
template <class Value>
Read<Value> value_or_errors(Value value, std::vector<FieldError> errors) {
  if (!errors.empty())
    return std::unexpected(invalid(std::move(errors)));
  return value;
}

inline constexpr std::size_t longest_name = 100;         // characters
inline constexpr std::size_t longest_description = 500;  // characters
inline constexpr std::size_t longest_metadata = 4'096;   // bytes, written without spaces

/// Without a `user_id` the owner is nil.
Read<OpenWallet> read_open_wallet(std::string_view body);

/// What a PATCH wants. Its limits are amounts, which only the wallet's currency gives a meaning.
struct WalletPatch {
  std::optional<std::string> name{};
  std::optional<JsonValue> limits{};
};

Read<WalletPatch> read_wallet_patch(std::string_view body);
/// Members that the patch does not name stay; null takes a limit away.
Read<Limits> read_limits(const JsonValue& patch, const Limits& now, const Currency& currency);

/// For routes that need no body: it is empty, or `{}`.
Read<bool> read_nothing(std::string_view body);

/// An Idempotency-Key, bare or as a quoted string (RFC 8941): 1 to 128 printable ASCII characters.
std::optional<std::string> read_idempotency_key(std::string_view header);

/// Equal for equal requests, whatever their bytes looked like; the template keeps routes apart. `more` is what was
/// asked for beside the transaction.
std::uint64_t fingerprint_of(std::string_view route_template, const Transaction& transaction,
                             std::string_view more = {});

}  // namespace dompet::http
