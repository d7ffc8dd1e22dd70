#pragma once

#include <cstddef>
#include <expected>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
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

inline constexpr std::size_t longest_name = 100;         // characters
inline constexpr std::size_t longest_description = 500;  // characters
inline constexpr std::size_t longest_metadata = 4'096;   // bytes, written without spaces

Read<OpenWallet> read_open_wallet(std::string_view body);

/// Ids are the caller's to fill.
Read<Transaction> read_topup(std::string_view body);
Read<Transaction> read_transfer(std::string_view body);

struct BulkItem {
  Transaction transaction{};
  std::string idempotency_key{};
};

/// The items in order, each well or ill on its own; a problem when there is no list of 1 to `most` items.
Read<std::vector<Read<BulkItem>>> read_bulk(std::string_view body, std::size_t most);

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

/// Equal for equal requests, whatever their bytes looked like; the template keeps routes apart.
std::uint64_t fingerprint_of(std::string_view route_template, const Transaction& transaction);

}  // namespace dompet::http
