#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.hpp"
#include "http/access/rsa.hpp"

namespace dompet {
class Vault;
struct StoredSigningKey;
}  // namespace dompet

namespace dompet::http {

/// What an access token says. It is a JWT (RFC 7519) signed with RS256; anybody can check it with the keys at
/// /.well-known/jwks.json.
struct TokenClaims {
  Uuid user{};
  Uuid session{};
  /// The user's name.
  std::string name{};
  std::vector<std::string> roles{};
  /// By the database's clock, so that all nodes agree on what came before a change of roles.
  std::int64_t issued_ms = 0;
  std::int64_t expires_ms = 0;
};

/// How long whoever checks tokens may keep the published keys.
inline constexpr std::chrono::seconds jwks_may_be_kept{300};

/// The keys of one moment. Immutable, any thread; a rotation replaces the whole set.
class KeySet {
 public:
  /// Throws std::runtime_error with a sentence when the newest key cannot be unsealed: this node has another key file
  /// than the others.
  static std::shared_ptr<const KeySet> make(const std::vector<StoredSigningKey>& stored, const Vault& vault,
                                            std::string issuer);

  /// By the newest key that the other nodes, and whoever keeps the published keys, have had the time to hear of.
  std::string sign(const TokenClaims& claims) const;
  /// Nothing for a token that is no access token of ours, was changed, names an unknown key, or is over.
  std::optional<TokenClaims> verify(std::string_view token, std::int64_t now_ms) const;
  /// RFC 7517.
  const std::string& jwks() const { return jwks_; }

 private:
  struct Key {
    std::string id;
    RsaKey key;
    std::int64_t created_at_ms;
    std::int64_t ends_at_ms;
  };

  const Key& signing(const TokenClaims& claims) const;

  std::string issuer_{};
  /// Oldest first.
  std::vector<Key> keys_{};
  std::string jwks_{};
};

/// How far a key that is made at `now_ms` reaches: it signs for `sign_for_ms`, and is shown for `keep_for_ms` more.
StoredSigningKey make_signing_key(const Vault& vault, std::int64_t now_ms, std::int64_t sign_for_ms,
                                  std::int64_t keep_for_ms);

}  // namespace dompet::http
