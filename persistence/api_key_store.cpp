#include "persistence/api_key_store.hpp"

#include "persistence/reader_rows.hpp"
#include "persistence/session.hpp"
#include "persistence/vault.hpp"

namespace dompet {

namespace {

StoredApiKey key_of(const Row& row) {
  return {.id = row.uuid(0),
          .merchant = row.uuid(1),
          .name = std::string{row.text(2)},
          .prefix = std::string{row.text(3)},
          .scopes = std::string{row.text(4)},
          .created_at_ms = row.number(5),
          .last_used_at_ms = row.number_if_any(6),
          .expires_at_ms = row.number_if_any(7),
          .revoked_at_ms = row.number_if_any(8)};
}

std::string columns() {
  return "k.id, k.merchant_id, k.name, k.prefix, array_to_json(k.scopes)::text, " + milliseconds("k.created_at") +
         ", " + milliseconds("k.last_used_at") + ", " + milliseconds("k.expires_at") + ", " +
         milliseconds("k.revoked_at");
}

/// The merchant, if it is the owner's; `lock` keeps it there.
Rows merchant_rows(SqlSession& session, const Uuid& merchant, const std::optional<ReferenceOwner>& owner,
                   const char* lock) {
  Parameters values;
  std::string sql = "SELECT deleted_at IS NOT NULL FROM merchant WHERE id = " + values.add(merchant).last();
  if (owner)
    sql.append(" AND user_id = ").append(values.add(owner->user).last());
  if (owner && owner->merchant)
    sql.append(" AND id = ").append(values.add(*owner->merchant).last());
  return session.ask_prepared(sql + lock, values);
}

std::string target_of(const Uuid& key) { return "api_key:" + to_string(key); }

}  // namespace

std::string hash_of_api_key(std::string_view api_key) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : sha256(api_key)) {
    const auto value = static_cast<unsigned char>(byte);
    text += {digits[value >> 4], digits[value & 15]};
  }
  return text;
}

ApiKeyStore::ApiKeyStore(Reader& reader) : session_(reader.session()) {}

std::optional<ApiKeyStore::Fault> ApiKeyStore::add(const StoredApiKey& key, const std::string& hash,
                                                   const std::optional<ReferenceOwner>& owner, const Act& act) {
  std::optional<Fault> fault;
  session_.within("BEGIN READ WRITE", [&] {
    const Rows merchant = merchant_rows(session_, key.merchant, owner, " FOR UPDATE");
    if (merchant.empty())
      fault = Fault::no_merchant;
    else if (merchant[0].is_true(0))
      fault = Fault::in_trash;
    else if (session_
                 .ask_prepared("SELECT count(*) FROM api_key WHERE merchant_id = $1 AND revoked_at IS NULL",
                               Parameters{}.add(key.merchant))[0]
                 .number(0) >= most_api_keys)
      fault = Fault::too_many;
    if (fault)
      return;
    Parameters values;
    values.add(key.id).add(key.merchant).add(key.name).add(key.prefix).add(hash).add(key.scopes);
    key.expires_at_ms ? values.add(*key.expires_at_ms) : values.add_null();
    session_.ask_prepared("INSERT INTO api_key (id, merchant_id, name, prefix, hash, scopes, expires_at) VALUES"
                          " ($1, $2, $3, $4, decode($5, 'hex'), ARRAY(SELECT jsonb_array_elements_text($6::jsonb)),"
                          " to_timestamp($7::bigint / 1000.0))",
                          values);
    write_audit(session_, {act, "api_key.create", target_of(key.id),
                           R"({"merchant":")" + to_string(key.merchant) + R"(","scopes":)" + key.scopes + "}"});
  });
  return fault;
}

std::optional<std::vector<StoredApiKey>> ApiKeyStore::list(const Uuid& merchant,
                                                           const std::optional<ReferenceOwner>& owner) {
  if (merchant_rows(session_, merchant, owner, "").empty())
    return std::nullopt;
  std::vector<StoredApiKey> keys;
  session_
      .ask_prepared("SELECT " + columns() + " FROM api_key k WHERE k.merchant_id = $1 ORDER BY k.id DESC LIMIT 200",
                    Parameters{}.add(merchant))
      .each([&](const Row& row) { keys.push_back(key_of(row)); });
  return keys;
}

bool ApiKeyStore::revoke(const Uuid& merchant, const Uuid& key, const std::optional<ReferenceOwner>& owner,
                         const Act& act) {
  bool is_there = false;
  session_.within("BEGIN READ WRITE", [&] {
    if (merchant_rows(session_, merchant, owner, "").empty())
      return;
    const Parameters values = Parameters{}.add(key).add(merchant);
    is_there = !session_
                    .ask_prepared("UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1"
                                  " AND merchant_id = $2 RETURNING 1",
                                  values)
                    .empty();
    if (!is_there)
      return;
    write_audit(session_, {act, "api_key.revoke", target_of(key), "{}"});
    session_.ask_prepared("SELECT pg_notify('dompet_access', $1)", Parameters{}.add(target_of(key)));
  });
  return is_there;
}

std::optional<ApiKeyHolder> ApiKeyStore::holder(const std::string& hash) {
  const Rows keys = session_.ask_prepared(
      "SELECT k.id, m.id, m.user_id, m.wallet_id, m.name, " + milliseconds("k.expires_at") +
          ", k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute' FROM api_key k"
          " JOIN merchant m ON m.id = k.merchant_id JOIN app_user u ON u.id = m.user_id"
          " WHERE k.hash = decode($1, 'hex') AND k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true)"
          " AND m.deleted_at IS NULL AND u.deleted_at IS NULL AND u.status = 'active'",
      Parameters{}.add(hash));
  if (keys.empty())
    return std::nullopt;
  const Row key = keys[0];
  ApiKeyHolder holder{.api_key = key.uuid(0),
                      .merchant = key.uuid(1),
                      .user = key.uuid(2),
                      .wallet = {key.uuid(3)},
                      .merchant_name = std::string{key.text(4)},
                      .expires_at_ms = key.number_if_any(5)};
  const Parameters id = Parameters{}.add(holder.api_key);
  session_.ask_prepared("SELECT unnest(scopes) FROM api_key WHERE id = $1", id).each([&](const Row& row) {
    holder.scopes.emplace_back(row.text(0));
  });
  if (key.is_true(6))
    session_.within("BEGIN READ WRITE",
                    [&] { session_.ask_prepared("UPDATE api_key SET last_used_at = now() WHERE id = $1", id); });
  return holder;
}

}  // namespace dompet
