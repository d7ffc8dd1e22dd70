#include "persistence/archive_store.hpp"

#include "persistence/reader.hpp"
#include "persistence/session.hpp"

namespace dompet {

ArchiveStore::ArchiveStore(Reader& reader) : session_(reader.session()) {}

bool ArchiveStore::archive(const UserId& user, const TransactionId& transaction) {
  bool is_room = true;
  session_.within("BEGIN READ WRITE", [&] {
    const Rows count = session_.ask_prepared("SELECT count(*) FROM transaction_archive WHERE user_id = $1",
                                             Parameters{}.add(user.uuid));
    is_room = count[0].number(0) < static_cast<std::int64_t>(most_archived);
    if (is_room)
      session_.ask_prepared(
          "INSERT INTO transaction_archive (transaction_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
          Parameters{}.add(transaction.uuid).add(user.uuid));
  });
  return is_room;
}

void ArchiveStore::unarchive(const UserId& user, const TransactionId& transaction) {
  session_.within("BEGIN READ WRITE", [&] {
    session_.ask_prepared("DELETE FROM transaction_archive WHERE transaction_id = $1 AND user_id = $2",
                          Parameters{}.add(transaction.uuid).add(user.uuid));
  });
}

std::unordered_set<TransactionId> ArchiveStore::archived(const UserId& user) {
  std::unordered_set<TransactionId> ids;
  session_
      .ask_prepared("SELECT transaction_id FROM transaction_archive WHERE user_id = $1", Parameters{}.add(user.uuid))
      .each([&ids](const Row& row) { ids.insert({row.uuid(0)}); });
  return ids;
}

std::optional<UserId> user_named(Reader& reader, const std::string& username) {
  const Rows rows = reader.session().ask_prepared(
      "SELECT id FROM app_user WHERE lower(username) = lower($1) AND deleted_at IS NULL", Parameters{}.add(username));
  if (rows.empty())
    return std::nullopt;
  return UserId{rows[0].uuid(0)};
}

}  // namespace dompet
