#include "persistence/access_store.hpp"

#include <sstream>

#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

// Of several nodes one makes keys at a time.
constexpr const char* keys_lock = "SELECT pg_advisory_xact_lock(hashtext('dompet signing keys'))";

std::string at(const std::string& parameter) { return "to_timestamp(" + parameter + "::bigint / 1000.0)"; }

}  // namespace

void AccessStore::write(const std::function<void()>& body) { session_.within("BEGIN READ WRITE", body); }

std::int64_t AccessStore::now_ms() {
  static const std::string sql = "SELECT " + milliseconds("clock_timestamp()");
  return session_.ask_prepared(sql)[0].number(0);
}

AccessNews AccessStore::news(std::int64_t since_ms) {
  static const std::string sessions_sql = "SELECT id, " + milliseconds("revoked_at") +
                                          " FROM session WHERE revoked_at >= " + at("$1") + " ORDER BY revoked_at";
  static const std::string users_sql = "SELECT id, " + milliseconds("changed_at") +
                                       " FROM app_user WHERE changed_at >= " + at("$1") + " ORDER BY changed_at";
  AccessNews news;
  // The clock first: what commits after it is found next time.
  news.now_ms = now_ms();
  session_.ask_prepared(sessions_sql, Parameters{}.add(since_ms)).each([&](const Row& row) {
    news.sessions.push_back({row.uuid(0), row.number(1)});
  });
  session_.ask_prepared(users_sql, Parameters{}.add(since_ms)).each([&](const Row& row) {
    news.users.push_back({row.uuid(0), row.number(1)});
  });
  return news;
}

std::map<std::string, std::vector<std::string>> AccessStore::roles() {
  std::map<std::string, std::vector<std::string>> roles;
  session_.ask_prepared("SELECT name, array_to_string(permissions, ',') FROM role WHERE deleted_at IS NULL")
      .each([&](const Row& row) {
        auto& permissions = roles[std::string{row.text(0)}];
        std::istringstream words{std::string{row.text(1)}};
        for (std::string name; std::getline(words, name, ',');)
          permissions.push_back(name);
      });
  return roles;
}

std::vector<StoredSigningKey> AccessStore::signing_keys() {
  static const std::string sql = "SELECT id, public_pem, private_sealed, " + milliseconds("created_at") + ", " +
                                 milliseconds("retires_at") + ", " + milliseconds("ends_at") +
                                 " FROM signing_key WHERE ends_at > now() ORDER BY created_at, id";
  std::vector<StoredSigningKey> keys;
  session_.ask_prepared(sql).each([&](const Row& row) {
    keys.push_back({std::string{row.text(0)}, std::string{row.text(1)}, row.bytes(2), row.number(3), row.number(4),
                    row.number(5)});
  });
  return keys;
}

bool AccessStore::add_signing_key(const StoredSigningKey& key, std::int64_t fresh_until_ms) {
  bool added = false;
  write([&] {
    session_.run(keys_lock);
    const std::string fresh = "SELECT 1 FROM signing_key WHERE retires_at > " + at("$1");
    if (!session_.ask_prepared(fresh, Parameters{}.add(fresh_until_ms)).empty())
      return;
    Parameters values;
    values.add(key.id).add(key.public_pem).add_bytes(key.private_sealed).add(key.retires_at_ms).add(key.ends_at_ms);
    session_.ask_prepared("INSERT INTO signing_key (id, public_pem, private_sealed, retires_at, ends_at) VALUES "
                          "($1, $2, $3, " +
                              at("$4") + ", " + at("$5") + ")",
                          values);
    session_.run("SELECT pg_notify('dompet_access', 'keys:')");
    added = true;
  });
  return added;
}

void AccessStore::sweep() {
  write([&] {
    session_.run("DELETE FROM refresh_token WHERE expires_at < now() - interval '1 day'");
    session_.run("DELETE FROM one_time_code WHERE expires_at < now() - interval '1 day'");
    session_.run("DELETE FROM login_attempt WHERE first_failed_at < now() - interval '1 day' "
                 "AND (locked_until IS NULL OR locked_until < now())");
    session_.run("DELETE FROM signing_key WHERE ends_at < now() - interval '30 days'");
  });
}

}  // namespace dompet
