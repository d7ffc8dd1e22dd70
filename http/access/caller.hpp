#pragma once

#include <cstdint>
#include <string>

#include "domain/ids.hpp"
#include "http/access/permissions.hpp"

namespace dompet::http {

/// Who sends a request, as its token or key says. A value: it stays what it was for as long as the request takes.
struct Caller {
  enum class Kind : std::uint8_t {
    /// Without a token or key.
    nobody,
    user,
    /// By an API key.
    merchant,
  };

  Kind kind = Kind::nobody;
  /// A user's id; of a merchant that of the user it belongs to.
  Uuid user{};
  /// Users only: the login that the token comes from.
  Uuid session{};
  /// Users only: when the token was issued, milliseconds since 1970 by the database's clock.
  std::int64_t issued_ms = 0;
  /// Merchants only.
  Uuid merchant{};
  WalletId wallet{};
  Uuid api_key{};
  PermissionSet permissions{};
  /// The user's name, or the merchant's; for records of who did what.
  std::string name{};

  /// In whose name idempotency keys are: two callers may use the same ones.
  std::string client() const {
    switch (kind) {
      case Kind::user: return "user:" + to_string(user);
      case Kind::merchant: return "merchant:" + to_string(merchant);
      case Kind::nobody: break;
    }
    return "nobody";
  }
};

}  // namespace dompet::http
