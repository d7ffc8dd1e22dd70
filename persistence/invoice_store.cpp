#include "persistence/invoice_store.hpp"

#include <cstring>

#include "domain/record.hpp"
#include "domain/va_number.hpp"
#include "persistence/reader_rows.hpp"
#include "persistence/session.hpp"
#include "persistence/vault.hpp"

namespace dompet {

namespace {

/// An open one whose time is over is shown as expired.
constexpr const char* shown_status =
    "CASE WHEN i.status = 'open' AND i.expires_at <= now() THEN 'expired' ELSE i.status END";

std::string columns() {
  return std::string{
      "i.id, i.merchant_id, i.wallet_id, i.va_number, i.amount, i.currency, i.description, i.reference, "}
      .append(shown_status)
      .append(", ")
      .append(milliseconds("i.expires_at") + ", " + milliseconds("i.created_at") + ", " + milliseconds("i.paid_at") +
              ", " + milliseconds("i.cancelled_at") + ", i.transaction_id");
}
constexpr int width = 14;

StoredInvoice invoice_of(const Row& row) {
  StoredInvoice invoice{.id = {row.uuid(0)},
                        .merchant = row.uuid(1),
                        .wallet = {row.uuid(2)},
                        .va_number = std::string{row.text(3)},
                        .amount = row.number(4),
                        .currency = currency_of(row.number(5)),
                        .description = std::string{row.text(6)},
                        .reference = std::string{row.text(7)},
                        .status = std::string{row.text(8)},
                        .expires_at_ms = row.number(9),
                        .created_at_ms = row.number(10),
                        .paid_at_ms = row.number_if_any(11),
                        .cancelled_at_ms = row.number_if_any(12)};
  if (const auto transaction = row.uuid_if_any(13))
    invoice.transaction = TransactionId{*transaction};
  return invoice;
}

std::string owned_sql(const std::optional<ReferenceOwner>& owner, Parameters& values) {
  if (!owner)
    return {};
  std::string sql = " AND m.user_id = " + values.add(owner->user).last();
  if (owner->merchant)
    sql.append(" AND m.id = ").append(values.add(*owner->merchant).last());
  return sql;
}

std::uint64_t random_number() {
  const std::string bytes = random_bytes(sizeof(std::uint64_t));
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

std::string target_of(const InvoiceId& id) { return "invoice:" + to_string(id); }

std::optional<InvoiceStore::Fault> fault_of(const StoredInvoice& invoice) {
  if (invoice.status == "paid")
    return InvoiceStore::Fault::paid;
  if (invoice.status == "cancelled")
    return InvoiceStore::Fault::cancelled;
  if (invoice.status == "expired")
    return InvoiceStore::Fault::expired;
  return std::nullopt;
}

}  // namespace

bool pays(const Record& record, const InvoiceId& invoice) {
  return record.transaction && record.transaction->bill && record.transaction->bill->terms.invoice == invoice;
}

InvoiceStore::InvoiceStore(Reader& reader) : session_(reader.session()) {}

StoredInvoice InvoiceStore::add(StoredInvoice invoice, const std::string& va_prefix, const Act& act) {
  // Among 10^12 numbers one that is taken is rare, and ten in a row are a broken source of chance.
  constexpr int most_tries = 10;
  for (int tries = 0; tries < most_tries; ++tries) {
    invoice.va_number = make_va_number(va_prefix, random_number());
    bool is_new = false;
    session_.within("BEGIN READ WRITE", [&] {
      Parameters values;
      values.add(invoice.id.uuid).add(invoice.merchant).add(invoice.wallet.uuid).add(invoice.va_number);
      values.add(invoice.amount).add(std::int64_t{invoice.currency.numeric}).add(invoice.description);
      values.add(invoice.reference).add(invoice.expires_at_ms).add(invoice.created_at_ms);
      is_new = !session_
                    .ask_prepared("INSERT INTO invoice (id, merchant_id, wallet_id, va_number, amount, currency,"
                                  " description, reference, expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7,"
                                  " $8, to_timestamp($9::bigint / 1000.0), to_timestamp($10::bigint / 1000.0))"
                                  " ON CONFLICT (va_number) DO NOTHING RETURNING 1",
                                  values)
                    .empty();
      if (is_new)
        write_audit(session_, {act, "invoice.create", target_of(invoice.id),
                               R"({"merchant":")" + to_string(invoice.merchant) + R"("})"});
    });
    if (is_new)
      return invoice;
  }
  throw Unavailable("no number of a virtual account is free");
}

std::vector<StoredInvoice> InvoiceStore::list(const InvoiceQuery& query) {
  Parameters values;
  std::string sql = "SELECT " + columns() + " FROM invoice i JOIN merchant m ON m.id = i.merchant_id WHERE true";
  sql += owned_sql(query.owner, values);
  if (query.merchant)
    sql.append(" AND i.merchant_id = ").append(values.add(*query.merchant).last());
  if (!query.status.empty())
    sql.append(" AND ").append(shown_status).append(" = ").append(values.add(query.status).last());
  if (!query.reference.empty())
    sql.append(" AND i.reference = ").append(values.add(query.reference).last());
  if (query.before)
    sql.append(" AND i.id < ").append(values.add(*query.before).last());
  sql.append(" ORDER BY i.id DESC LIMIT ").append(values.add(std::int64_t{query.limit}).last());
  std::vector<StoredInvoice> invoices;
  session_.ask(sql, values).each([&](const Row& row) { invoices.push_back(invoice_of(row)); });
  return invoices;
}

std::optional<StoredInvoice> InvoiceStore::read(const InvoiceId& id, const std::optional<ReferenceOwner>& owner) {
  Parameters values;
  std::string sql = "SELECT " + columns() + " FROM invoice i JOIN merchant m ON m.id = i.merchant_id WHERE i.id = ";
  sql += values.add(id.uuid).last();
  sql += owned_sql(owner, values);
  const Rows rows = session_.ask_prepared(sql, values);
  return rows.empty() ? std::nullopt : std::optional{invoice_of(rows[0])};
}

std::optional<InvoiceStore::ForPayer> InvoiceStore::find(const std::string& va_number) {
  const Rows rows = session_.ask_prepared(
      "SELECT " + columns() + ", m.name FROM invoice i JOIN merchant m ON m.id = i.merchant_id WHERE i.va_number = $1",
      Parameters{}.add(va_number));
  return rows.empty() ? std::nullopt : std::optional{ForPayer{invoice_of(rows[0]), std::string{rows[0].text(width)}}};
}

std::expected<StoredInvoice, InvoiceStore::Fault>
InvoiceStore::cancel(const InvoiceId& id, const std::optional<ReferenceOwner>& owner, const Act& act) {
  std::optional<Fault> fault;
  const Parameters only_id = Parameters{}.add(id.uuid);
  session_.within("BEGIN READ WRITE", [&] {
    // Waits for whoever begins a payment at this moment (`begin`), and keeps the next one out.
    session_.ask_prepared("SELECT 1 FROM invoice WHERE id = $1 FOR UPDATE", only_id);
    const auto invoice = read(id, owner);
    fault = invoice ? fault_of(*invoice) : Fault::not_found;
    if (!fault &&
        !session_.ask_prepared("SELECT 1 FROM invoice_attempt WHERE invoice_id = $1 LIMIT 1", only_id).empty())
      fault = Fault::under_way;
    if (fault)
      return;
    session_.ask_prepared("UPDATE invoice SET status = 'cancelled', cancelled_at = now() WHERE id = $1", only_id);
    write_audit(session_, {act, "invoice.cancel", target_of(id), "{}"});
  });
  if (fault && *fault != Fault::cancelled)
    return std::unexpected(*fault);
  auto invoice = read(id, owner);
  if (!invoice)
    return std::unexpected(Fault::not_found);
  return *std::move(invoice);
}

std::expected<StoredInvoice, InvoiceStore::Fault> InvoiceStore::begin(const WantedBill& wanted) {
  std::optional<StoredInvoice> invoice;
  std::optional<Fault> fault;
  session_.within("BEGIN READ WRITE", [&] {
    const Rows rows = session_.ask_prepared(
        "SELECT " + columns() +
            ", m.status = 'active' AND m.deleted_at IS NULL AND u.status = 'active' AND u.deleted_at IS NULL"
            " FROM invoice i JOIN merchant m ON m.id = i.merchant_id JOIN app_user u ON u.id = m.user_id"
            " WHERE i.va_number = $1 FOR SHARE OF i",
        Parameters{}.add(wanted.va_number));
    if (rows.empty()) {
      fault = Fault::not_found;
      return;
    }
    invoice = invoice_of(rows[0]);
    fault = fault_of(*invoice);
    if (!fault && !rows[0].is_true(width))
      fault = Fault::merchant_not_active;
    if (!fault && (invoice->amount != wanted.amount || invoice->currency != wanted.currency))
      fault = Fault::amount_mismatch;
    if (fault)
      return;
    session_.ask_prepared("INSERT INTO invoice_attempt AS a (invoice_id, key, look_at) VALUES"
                          " ($1, $2, now() + interval '10 seconds') ON CONFLICT (invoice_id, key) DO UPDATE SET"
                          " begun_at = now(), look_at = excluded.look_at",
                          Parameters{}.add(invoice->id.uuid).add(wanted.key.uuid));
  });
  if (fault)
    return std::unexpected(*fault);
  return *std::move(invoice);
}

void InvoiceStore::paid(const InvoiceId& id, const TransactionId& payment, std::int64_t at_ms) {
  session_.within("BEGIN READ WRITE", [&] {
    session_.ask_prepared("UPDATE invoice SET status = 'paid', transaction_id = $2,"
                          " paid_at = to_timestamp($3::bigint / 1000.0) WHERE id = $1 AND status <> 'paid'",
                          Parameters{}.add(id.uuid).add(payment.uuid).add(at_ms));
    // Others that were begun find the invoice paid; the wallet declines them.
    session_.ask_prepared("DELETE FROM invoice_attempt WHERE invoice_id = $1", Parameters{}.add(id.uuid));
  });
}

void InvoiceStore::give_up(const InvoiceId& id, const KeyId& key) {
  session_.within("BEGIN READ WRITE", [&] {
    session_.ask_prepared("DELETE FROM invoice_attempt WHERE invoice_id = $1 AND key = $2",
                          Parameters{}.add(id.uuid).add(key.uuid));
  });
}

void InvoiceStore::forget_if_over(const InvoiceId& id, const KeyId& key) {
  session_.within("BEGIN READ WRITE", [&] {
    session_.ask_prepared("DELETE FROM invoice_attempt WHERE invoice_id = $1 AND key = $2"
                          " AND begun_at < now() - $3::bigint * interval '1 millisecond'",
                          Parameters{}.add(id.uuid).add(key.uuid).add(bill_is_over_ms));
  });
}

void InvoiceStore::look_now(const InvoiceId& id, const KeyId& key) {
  session_.within("BEGIN READ WRITE", [&] {
    session_.ask_prepared("UPDATE invoice_attempt SET look_at = now() WHERE invoice_id = $1 AND key = $2",
                          Parameters{}.add(id.uuid).add(key.uuid));
  });
}

std::vector<InvoiceStore::Attempt> InvoiceStore::claim_attempts(int most) {
  std::vector<Attempt> attempts;
  session_.within("BEGIN READ WRITE", [&] {
    session_
        .ask_prepared("UPDATE invoice_attempt SET look_at = now() + interval '5 seconds' WHERE (invoice_id, key) IN"
                      " (SELECT invoice_id, key FROM invoice_attempt WHERE look_at <= now() ORDER BY look_at LIMIT $1"
                      " FOR UPDATE SKIP LOCKED) RETURNING invoice_id, key,"
                      " begun_at < now() - $2::bigint * interval '1 millisecond'",
                      Parameters{}.add(std::int64_t{most}).add(bill_is_over_ms))
        .each([&](const Row& row) { attempts.push_back({{row.uuid(0)}, {row.uuid(1)}, row.is_true(2)}); });
  });
  return attempts;
}

}  // namespace dompet
