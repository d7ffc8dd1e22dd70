#include "persistence/marketplace_store.hpp"

#include "persistence/invoice_store.hpp"
#include "persistence/reader_rows.hpp"
#include "persistence/session.hpp"

namespace dompet {

namespace {

std::string columns() {
  return "n.id, n.marketplace, n.va_number, n.merchant_id, n.key, n.amount, n.currency, n.state, n.transaction_id,"
         " n.attempts, n.last_error, " +
         milliseconds("n.begun_at") + ", " + milliseconds("n.paid_at") + ", " + milliseconds("n.delivered_at") + ", " +
         milliseconds("n.next_at");
}
constexpr int width = 15;

MarketplaceNotice notice_of(const Row& row) {
  MarketplaceNotice notice{.id = row.uuid(0),
                           .marketplace = std::string{row.text(1)},
                           .va_number = std::string{row.text(2)},
                           .merchant = row.uuid(3),
                           .key = {row.uuid(4)},
                           .amount = row.number(5),
                           .currency = currency_of(row.number(6)),
                           .state = std::string{row.text(7)},
                           .attempts = static_cast<int>(row.number(9)),
                           .last_error = std::string{row.text(10)},
                           .begun_at_ms = row.number(11),
                           .paid_at_ms = row.number_if_any(12),
                           .delivered_at_ms = row.number_if_any(13),
                           .next_at_ms = row.number(14)};
  if (const auto transaction = row.uuid_if_any(8))
    notice.transaction = TransactionId{*transaction};
  return notice;
}

}  // namespace

InvoiceId order_id(const std::string& marketplace, const std::string& va_number) {
  return {key_id("marketplace:" + marketplace, va_number).uuid};
}

MarketplaceStore::MarketplaceStore(Reader& reader) : session_(reader.session()) {}

MarketplaceStore::Begun MarketplaceStore::begin(const MarketplaceNotice& notice) {
  Begun begun = Begun::under_way;
  session_.within("BEGIN READ WRITE", [&] {
    Parameters values;
    values.add(notice.id).add(notice.marketplace).add(notice.va_number).add(notice.merchant).add(notice.key.uuid);
    values.add(notice.amount).add(std::int64_t{notice.currency.numeric});
    const bool is_ours =
        !session_
             .ask_prepared("INSERT INTO marketplace_notice AS n (id, marketplace, va_number, merchant_id, key, amount,"
                           " currency, next_at) VALUES ($1, $2, $3, $4, $5, $6, $7, now() + interval '10 seconds')"
                           " ON CONFLICT (marketplace, va_number) DO UPDATE SET begun_at = now(),"
                           " next_at = excluded.next_at WHERE n.key = excluded.key AND n.state = 'paying' RETURNING 1",
                           values)
             .empty();
    if (is_ours) {
      begun = Begun::ours;
      return;
    }
    const Rows other = session_.ask_prepared(
        "SELECT state <> 'paying' FROM marketplace_notice WHERE marketplace = $1 AND va_number = $2",
        Parameters{}.add(notice.marketplace).add(notice.va_number));
    begun = !other.empty() && other[0].is_true(0) ? Begun::paid : Begun::under_way;
  });
  return begun;
}

bool MarketplaceStore::paid(const MarketplaceNotice& notice, const TransactionId& payment, std::int64_t at_ms) {
  bool is_noted = false;
  session_.within("BEGIN READ WRITE", [&] {
    Parameters values;
    values.add(notice.id).add(notice.marketplace).add(notice.va_number).add(notice.merchant).add(notice.key.uuid);
    values.add(notice.amount).add(std::int64_t{notice.currency.numeric}).add(payment.uuid).add(at_ms);
    // Whatever was noted: money is money.
    session_.ask_prepared(
        "INSERT INTO marketplace_notice AS n (id, marketplace, va_number, merchant_id, key, amount, currency, state,"
        " transaction_id, next_at, paid_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'due', $8, now(),"
        " to_timestamp($9::bigint / 1000.0)) ON CONFLICT (marketplace, va_number) DO UPDATE SET state = 'due',"
        " key = excluded.key, transaction_id = excluded.transaction_id, next_at = now(), paid_at = excluded.paid_at"
        " WHERE n.state = 'paying'",
        values);
    is_noted = !session_
                    .ask_prepared("SELECT 1 FROM marketplace_notice WHERE marketplace = $1 AND va_number = $2"
                                  " AND transaction_id = $3",
                                  Parameters{}.add(notice.marketplace).add(notice.va_number).add(payment.uuid))
                    .empty();
  });
  return is_noted;
}

void MarketplaceStore::give_up(const std::string& marketplace, const std::string& va_number, const KeyId& key) {
  session_.within("BEGIN READ WRITE", [&] {
    session_.ask_prepared("DELETE FROM marketplace_notice WHERE marketplace = $1 AND va_number = $2 AND key = $3"
                          " AND state = 'paying'",
                          Parameters{}.add(marketplace).add(va_number).add(key.uuid));
  });
}

void MarketplaceStore::forget_if_over(const std::string& marketplace, const std::string& va_number, const KeyId& key) {
  session_.within("BEGIN READ WRITE", [&] {
    session_.ask_prepared("DELETE FROM marketplace_notice WHERE marketplace = $1 AND va_number = $2 AND key = $3"
                          " AND state = 'paying' AND begun_at < now() - $4::bigint * interval '1 millisecond'",
                          Parameters{}.add(marketplace).add(va_number).add(key.uuid).add(bill_is_over_ms));
  });
}

void MarketplaceStore::look_now(const std::string& marketplace, const std::string& va_number, const KeyId& key) {
  session_.within("BEGIN READ WRITE", [&] {
    session_.ask_prepared("UPDATE marketplace_notice SET next_at = now() WHERE marketplace = $1 AND va_number = $2"
                          " AND key = $3 AND state = 'paying'",
                          Parameters{}.add(marketplace).add(va_number).add(key.uuid));
  });
}

std::vector<MarketplaceStore::Unknown> MarketplaceStore::claim_unknown(int most) {
  std::vector<Unknown> unknown;
  session_.within("BEGIN READ WRITE", [&] {
    session_
        .ask_prepared("UPDATE marketplace_notice n SET next_at = now() + interval '5 seconds' WHERE n.id IN"
                      " (SELECT id FROM marketplace_notice WHERE state = 'paying' AND next_at <= now()"
                      " ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING " +
                          columns() + ", n.begun_at < now() - $2::bigint * interval '1 millisecond'",
                      Parameters{}.add(std::int64_t{most}).add(bill_is_over_ms))
        .each([&](const Row& row) { unknown.push_back({notice_of(row), row.is_true(width)}); });
  });
  return unknown;
}

std::optional<MarketplaceNotice> MarketplaceStore::claim_due(const std::string& marketplace, std::int64_t lease_ms) {
  std::optional<MarketplaceNotice> notice;
  session_.within("BEGIN READ WRITE", [&] {
    const Rows rows = session_.ask_prepared(
        "UPDATE marketplace_notice n SET attempts = n.attempts + 1,"
        " next_at = now() + $2::bigint * interval '1 millisecond' WHERE n.id = (SELECT id FROM marketplace_notice"
        " WHERE state IN ('due', 'refused') AND marketplace = $1 AND next_at <= now() ORDER BY attempts > 0, next_at "
        "LIMIT 1"
        " FOR UPDATE SKIP LOCKED) RETURNING " +
            columns(),
        Parameters{}.add(marketplace).add(lease_ms));
    if (!rows.empty())
      notice = notice_of(rows[0]);
  });
  return notice;
}

void MarketplaceStore::delivered(const Uuid& id) {
  session_.within("BEGIN READ WRITE", [&] {
    session_.ask_prepared("UPDATE marketplace_notice SET state = 'delivered', delivered_at = now(), last_error = ''"
                          " WHERE id = $1 AND state IN ('due', 'refused')",
                          Parameters{}.add(id));
  });
}

void MarketplaceStore::failed(const Uuid& id, const std::string& error, bool is_refused, std::int64_t again_in_ms) {
  constexpr std::size_t longest_error = 500;
  session_.within("BEGIN READ WRITE", [&] {
    Parameters values;
    values.add(id).add(error.substr(0, longest_error)).add(again_in_ms).add(std::int64_t{is_refused});
    session_.ask_prepared("UPDATE marketplace_notice SET last_error = $2,"
                          " next_at = now() + $3::bigint * interval '1 millisecond',"
                          " state = CASE WHEN $4::bigint = 1 THEN 'refused' ELSE state END"
                          " WHERE id = $1 AND state IN ('due', 'refused')",
                          values);
  });
}

MarketplaceStore::Waiting MarketplaceStore::count_waiting() {
  const Rows rows =
      session_.ask_prepared("SELECT count(*), count(*) FILTER (WHERE state = 'refused') FROM (SELECT state"
                            " FROM marketplace_notice WHERE state IN ('due', 'refused') LIMIT $1) n",
                            Parameters{}.add(std::int64_t{most_counted}));
  return {rows[0].number(0), rows[0].number(1)};
}

MarketplaceStore::OrderHere MarketplaceStore::here(const std::string& marketplace, const std::string& va_number,
                                                   const MerchantId& merchant) {
  const Rows rows = session_.ask_prepared(
      "SELECT coalesce((SELECT name FROM merchant WHERE id = $3), ''), EXISTS (SELECT 1 FROM marketplace_notice"
      " WHERE marketplace = $1 AND va_number = $2 AND state <> 'paying')",
      Parameters{}.add(marketplace).add(va_number).add(merchant.uuid));
  return {std::string{rows[0].text(0)}, rows[0].is_true(1)};
}

std::vector<MarketplaceNotice> MarketplaceStore::list(const NoticeQuery& query) {
  Parameters values;
  std::string sql = "SELECT " + columns() + " FROM marketplace_notice n WHERE true";
  if (!query.state.empty())
    sql.append(" AND n.state = ").append(values.add(query.state).last());
  if (!query.marketplace.empty())
    sql.append(" AND n.marketplace = ").append(values.add(query.marketplace).last());
  if (query.before)
    sql.append(" AND n.id < ").append(values.add(*query.before).last());
  sql.append(" ORDER BY n.id DESC LIMIT ").append(values.add(std::int64_t{query.limit}).last());
  std::vector<MarketplaceNotice> notices;
  session_.ask(sql, values).each([&](const Row& row) { notices.push_back(notice_of(row)); });
  return notices;
}

std::optional<MarketplaceNotice> MarketplaceStore::retry(const Uuid& id, const Act& act) {
  std::optional<MarketplaceNotice> notice;
  session_.within("BEGIN READ WRITE", [&] {
    const Parameters only_id = Parameters{}.add(id);
    const bool is_due = !session_
                             .ask_prepared("UPDATE marketplace_notice SET next_at = now() WHERE id = $1"
                                           " AND state IN ('due', 'refused') RETURNING 1",
                                           only_id)
                             .empty();
    if (is_due)
      write_audit(session_, {act, "marketplace_notice.retry", "marketplace_notice:" + to_string(id), "{}"});
    const Rows rows =
        session_.ask_prepared("SELECT " + columns() + " FROM marketplace_notice n WHERE n.id = $1", only_id);
    if (!rows.empty())
      notice = notice_of(rows[0]);
  });
  return notice;
}

}  // namespace dompet
