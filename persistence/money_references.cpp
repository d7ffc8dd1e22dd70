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

/// A record's payload has the ids of its card and merchant as they are; so many random bytes are nothing else by
/// chance.
constexpr const char* names_it = "position(uuid_send(r.id) IN j.payload) > 0";

/// Of the rows `r` (id, wallet) those that a record with money of their wallet names. What statistics have counted is
/// looked up; only of a row that they do not know the wallet's whole history is read.
std::string in_wallets_records() {
  const auto in_journal = [](const char* where) {
    return std::string{" OR EXISTS (SELECT 1 FROM journal j WHERE "}
        .append(where)
        .append(" AND j.amount <> 0 AND ")
        .append(names_it)
        .append(1, ')');
  };
  return std::string{"SELECT r.id FROM unnest($1::uuid[], $2::uuid[]) AS r (id, wallet) WHERE EXISTS"
                     " (SELECT 1 FROM monthly_movement m WHERE m.wallet = r.wallet AND m.party = r.id)"}
      .append(in_journal("j.wallet = r.wallet AND j.kind <> 4"))
      .append(in_journal("j.wallet = r.wallet AND j.kind = 4"))
      .append(in_journal("j.peer = r.wallet AND j.peer_seq IS NOT NULL"));
}

/// What is only authorized is in the payer's history, not in the merchant's.
constexpr const char* in_authorizations =
    " UNION SELECT r.id FROM unnest($1::uuid[], $2::uuid[]) AS r (id, wallet) JOIN journal j ON j.peer = r.wallet"
    " WHERE j.kind = 11 AND ";

std::vector<Uuid> named_by(Reader& reader, const std::vector<ReferenceRow>& rows, const std::string& sql) {
  const Rows found = reader.session().ask(
      sql, Parameters{}
               .add(array_of(rows, [](const ReferenceRow& row) { return row.id; }))
               .add(array_of(rows, [](const ReferenceRow& row) { return row.uuid("wallet_id"); })));
  std::vector<Uuid> named;
  found.each([&](const Row& row) { named.push_back(row.uuid(0)); });
  return named;
}

}  // namespace

std::vector<Uuid> cards_with_money(Reader& reader, const std::vector<ReferenceRow>& cards) {
  return named_by(reader, cards, in_wallets_records());
}

std::vector<Uuid> merchants_with_money(Reader& reader, const std::vector<ReferenceRow>& merchants) {
  return named_by(reader, merchants, in_wallets_records().append(in_authorizations).append(names_it));
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
