#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.hpp"
#include "persistence/reader.hpp"

namespace dompet {

class SqlSession;

/// A session that is over, or a user whose older tokens are refused. Milliseconds by the database's clock.
struct RevokedSession {
  Uuid session{};
  std::int64_t at_ms = 0;
};
struct ChangedUser {
  Uuid user{};
  std::int64_t at_ms = 0;
};

/// What a node must know about access without asking: all of it fits into memory, since it only matters for as long as
/// an access token lives.
struct AccessNews {
  std::vector<RevokedSession> sessions{};
  std::vector<ChangedUser> users{};
  std::int64_t now_ms = 0;
};

struct StoredSigningKey {
  /// The `kid` of tokens.
  std::string id{};
  std::string public_pem{};
  std::string private_sealed{};
  std::int64_t created_at_ms = 0;
  std::int64_t retires_at_ms = 0;
  std::int64_t ends_at_ms = 0;
};

/// What the nodes read and write about access apart from users, in database 0. Blocks; throws Unavailable.
class AccessStore {
 public:
  explicit AccessStore(Reader& reader) : session_(reader.session()) {}

  /// The database's clock.
  std::int64_t now_ms();
  /// What was revoked or changed at or after `since_ms`.
  AccessNews news(std::int64_t since_ms);
  /// Permissions by role, of all roles that are not in the trash.
  std::map<std::string, std::vector<std::string>> roles();

  /// Those that have not ended, oldest first.
  std::vector<StoredSigningKey> signing_keys();
  /// Adds the key, unless there is one already that retires after `fresh_until_ms`: of several nodes that rotate at the
  /// same moment one does. False when it was not added.
  bool add_signing_key(const StoredSigningKey& key, std::int64_t fresh_until_ms);

  /// Deletes what nobody can use any more: tokens and codes that expired a day ago, attempts.
  void sweep();

 private:
  void write(const std::function<void()>& body);

  SqlSession& session_;
};

}  // namespace dompet
