#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_set>

#include "domain/ids.hpp"

namespace dompet {

class Reader;
class SqlSession;

/// Which transactions a user has put away: they are left out of his lists, and stay in the ledger for ever. In database
/// 0. Uses a reader's session, on its thread; throws what that throws.
class ArchiveStore {
 public:
  /// What a user can put away; so a list can always know all of it.
  static constexpr std::size_t most_archived = 10'000;

  explicit ArchiveStore(Reader& reader);

  /// Doing it twice is once. False when the user has put too much away.
  bool archive(const UserId& user, const TransactionId& transaction);
  void unarchive(const UserId& user, const TransactionId& transaction);
  std::unordered_set<TransactionId> archived(const UserId& user);

 private:
  SqlSession& session_;
};

/// The user whom people know by this name, in whatever case; nothing when there is none or he is in the trash.
std::optional<UserId> user_named(Reader& reader, const std::string& username);

}  // namespace dompet
