#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/audit_log.hpp"
#include "persistence/reference_table.hpp"

namespace dompet {

/// What is kept of a key: its SHA-256 in hexadecimal. It has 256 bits of chance, so a fast hash will do.
std::string hash_of_api_key(std::string_view api_key);

/// A merchant's key as lists show it. The key itself was shown once.
struct StoredApiKey {
  Uuid id{};
  Uuid merchant{};
  std::string name{};
  /// The beginning of the key: "dpk_3fa9c1".
  std::string prefix{};
  /// A JSON list of permissions.
  std::string scopes = "[]";
  std::int64_t created_at_ms = 0;
  /// At most a minute old.
  std::optional<std::int64_t> last_used_at_ms{};
  std::optional<std::int64_t> expires_at_ms{};
  std::optional<std::int64_t> revoked_at_ms{};
};

/// Who a key speaks for.
struct ApiKeyHolder {
  Uuid api_key{};
  Uuid merchant{};
  /// Whose merchant it is.
  Uuid user{};
  WalletId wallet{};
  std::string merchant_name{};
  /// Names of permissions.
  std::vector<std::string> scopes{};
  std::optional<std::int64_t> expires_at_ms{};
};

/// What a merchant may have at the same time; more are a mistake or an attack.
inline constexpr int most_api_keys = 50;

/// Keys of merchants, in database 0. `owner` is whose merchant it must be; nothing for staff. Blocks; throws
/// what a reader throws.
class ApiKeyStore {
 public:
  explicit ApiKeyStore(Reader& reader);

  enum class Fault { no_merchant, in_trash, too_many };
  /// `hash` is that of the whole key. Nothing when it is stored.
  std::optional<Fault> add(const StoredApiKey& key, const std::string& hash, const std::optional<ReferenceOwner>& owner,
                           const Act& act);
  /// Newest first, revoked ones too; nothing when the merchant is not there.
  std::optional<std::vector<StoredApiKey>> list(const Uuid& merchant, const std::optional<ReferenceOwner>& owner);
  /// From the commit on no node takes it. False when there is none. Twice is once.
  bool revoke(const Uuid& merchant, const Uuid& key, const std::optional<ReferenceOwner>& owner, const Act& act);

  /// Nothing when no such key was given out, or when it says nothing any more: revoked, expired, of a merchant in the
  /// trash, of a user who is locked or in the trash. Notes that it was used, at most once a minute.
  std::optional<ApiKeyHolder> holder(const std::string& hash);

 private:
  SqlSession& session_;
};

}  // namespace dompet
