#include "persistence/money_references.hpp"

#include "persistence/session.hpp"

namespace dompet {

namespace {

/// An array as PostgreSQL reads it.
template <class IdOf>
std::string array_of(const std::vector<ReferenceRow>& rows, IdOf id_of) {
  std::string text = "{";
  for (const ReferenceRow& row : rows)
    (text += text.size() == 1 ? "" : ",") += to_string(id_of(row));
  return text + "}";
}

}  // namespace

std::vector<Uuid> rows_with_money(Reader& reader, const std::vector<ReferenceRow>& rows) {
  const std::string wallets = array_of(rows, [](const ReferenceRow& row) { return row.uuid("wallet_id"); });
  const Rows found = reader.session().ask(
      "SELECT w FROM unnest($1::uuid[]) w WHERE EXISTS (SELECT 1 FROM journal j WHERE j.wallet = w AND j.amount <> 0)"
      " OR EXISTS (SELECT 1 FROM journal j WHERE j.peer = w AND j.amount <> 0)",
      Parameters{}.add(wallets));
  std::vector<Uuid> named;
  found.each([&](const Row& wallet) {
    for (const ReferenceRow& row : rows)
      if (row.uuid("wallet_id") == wallet.uuid(0))
        named.push_back(row.id);
  });
  return named;
}

std::vector<Uuid> users_with_wallets(Reader& reader, const std::vector<ReferenceRow>& users) {
  const Rows found =
      reader.session().ask("SELECT u FROM unnest($1::uuid[]) u WHERE EXISTS (SELECT 1 FROM wallet w WHERE w.owner = u)",
                           Parameters{}.add(array_of(users, [](const ReferenceRow& user) { return user.id; })));
  std::vector<Uuid> named;
  found.each([&](const Row& row) { named.push_back(row.uuid(0)); });
  return named;
}

}  // namespace dompet
