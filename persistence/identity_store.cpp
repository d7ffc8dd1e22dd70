#include "persistence/identity_store.hpp"

#include <sstream>

#include "persistence/audit_log.hpp"
#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

const std::string& user_columns() {
  static const std::string columns =
      "u.id, u.username, u.first_name, u.last_name, u.email, u.password_hash, u.email_verified_at IS NOT NULL, "
      "u.status, " +
      milliseconds("u.created_at") + ", " + milliseconds("u.updated_at") + ", " + milliseconds("u.deleted_at") +
      ", coalesce((SELECT string_agg(r.name, ',' ORDER BY r.name) FROM user_role ur JOIN role r ON r.id = ur.role_id "
      "WHERE ur.user_id = u.id AND r.deleted_at IS NULL), '')";
  return columns;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  std::istringstream words{std::string{text}};
  for (std::string part; std::getline(words, part, ',');)
    parts.push_back(part);
  return parts;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts)
    text += (text.empty() ? "" : ",") + part;
  return text;
}

StoredUser user_of(const Row& row) {
  StoredUser user;
  user.id = row.uuid(0);
  user.username = row.text(1);
  user.first_name = row.text(2);
  user.last_name = row.text(3);
  user.email = row.text(4);
  user.password_hash = row.text(5);
  user.is_email_verified = row.is_true(6);
  user.status = row.text(7);
  user.created_at_ms = row.number(8);
  user.updated_at_ms = row.number(9);
  user.deleted_at_ms = row.number_if_any(10);
  user.roles = split(row.text(11));
  return user;
}

std::string account(std::string_view email) { return "email:" + std::string{email}; }
std::string place(std::string_view address) { return "address:" + std::string{address}; }

std::string name_of(CodePurpose purpose) {
  return purpose == CodePurpose::verify_email ? "verify_email" : "reset_password";
}

/// Ends a transaction whose code was used by another one meanwhile.
struct CodeIsUsed {};

void add_refresh_token(SqlSession& session, std::string_view hash, const Uuid& of_session, std::int64_t life_s) {
  session.ask_prepared("INSERT INTO refresh_token (hash, session_id, expires_at) "
                       "VALUES ($1, $2, now() + make_interval(secs => $3))",
                       Parameters{}.add_bytes(hash).add(of_session).add(life_s));
}

/// What the server does by itself is on record too.
void note_lock(SqlSession& session, const std::string& target, const LoginBounds& bounds) {
  std::string evidence = R"({"seconds":)";
  evidence.append(std::to_string(bounds.lock_s)).append("}");
  write_audit(session, {.act = {.who = "dompetd"}, .what = "login.lock", .target = target, .evidence = evidence});
}

/// What a user did about his own account.
void note(SqlSession& session, const Uuid& user, std::string what, std::string evidence) {
  const Rows rows = session.ask_prepared("SELECT email FROM app_user WHERE id = $1", Parameters{}.add(user));
  NewAudit audit{.act = {.actor = user}, .what = std::move(what), .target = "user:" + to_string(user)};
  audit.act.who = rows.empty() ? std::string{} : std::string{rows[0].text(0)};
  audit.evidence = std::move(evidence);
  write_audit(session, audit);
}

}  // namespace

void mail_code(SqlSession& session, const Uuid& user, CodePurpose purpose, const MailedCode& code) {
  const std::string name = name_of(purpose);
  const Rows lately = session.ask_prepared("SELECT count(*) FROM one_time_code WHERE user_id = $1 AND purpose = $2 "
                                           "AND created_at > now() - interval '1 hour'",
                                           Parameters{}.add(user).add(name));
  if (lately[0].number(0) >= most_codes_an_hour)
    return;
  session.ask_prepared("UPDATE one_time_code SET used_at = now() "
                       "WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL",
                       Parameters{}.add(user).add(name));
  session.ask_prepared("INSERT INTO one_time_code (hash, user_id, purpose, expires_at) "
                       "VALUES ($1, $2, $3, now() + make_interval(secs => $4))",
                       Parameters{}.add_bytes(code.hash).add(user).add(name).add(code.life_s));
  write_mail(session, code.mail);
}

void void_codes(SqlSession& session, const Uuid& user) {
  session.ask_prepared("UPDATE one_time_code SET used_at = now() WHERE user_id = $1 AND used_at IS NULL",
                       Parameters{}.add(user));
}

void IdentityStore::write(const std::function<void()>& body) { session_.within("BEGIN READ WRITE", body); }

std::optional<StoredUser> IdentityStore::one(const std::string& condition, const std::string& value) {
  const Rows rows = session_.ask_prepared("SELECT " + user_columns() + " FROM app_user u WHERE " + condition,
                                          Parameters{}.add(value));
  return rows.empty() ? std::nullopt : std::optional{user_of(rows[0])};
}

std::optional<StoredUser> IdentityStore::user(const Uuid& id) { return one("u.id = $1::uuid", to_string(id)); }

std::optional<StoredUser> IdentityStore::user_by_email(std::string_view email) {
  return one("lower(u.email) = lower($1) AND u.deleted_at IS NULL", std::string{email});
}

bool IdentityStore::has_administrator() {
  return !session_
              .ask_prepared("SELECT 1 FROM user_role ur JOIN role r ON r.id = ur.role_id "
                            "JOIN app_user u ON u.id = ur.user_id "
                            "WHERE '*' = ANY (r.permissions) AND u.deleted_at IS NULL AND u.status = 'active' LIMIT 1")
              .empty();
}

Taken IdentityStore::add(const NewUser& user, const std::vector<std::string>& roles,
                         const std::optional<MailedCode>& verification) {
  Taken taken = Taken::nothing;
  write([&] {
    Parameters values;
    values.add(user.id).add(user.username).add(user.first_name).add(user.last_name).add(user.email);
    values.add(user.password_hash);
    const Rows added =
        session_.ask_prepared("INSERT INTO app_user (id, username, first_name, last_name, email, password_hash) "
                              "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id",
                              values);
    if (added.empty()) {
      const Rows same =
          session_.ask_prepared("SELECT 1 FROM app_user WHERE lower(email) = lower($1)", Parameters{}.add(user.email));
      taken = same.empty() ? Taken::username : Taken::email;
      return;
    }
    session_.ask_prepared("INSERT INTO user_role (user_id, role_id) SELECT $1, r.id FROM role r "
                          "WHERE r.name = ANY (string_to_array($2, ',')) AND r.deleted_at IS NULL",
                          Parameters{}.add(user.id).add(joined(roles)));
    if (!verification)
      return;
    mail_code(session_, user.id, CodePurpose::verify_email, *verification);
    note(session_, user.id, "user.register", "{}");
  });
  return taken;
}

std::optional<std::int64_t> IdentityStore::locked_until_ms(std::string_view email, std::string_view address) {
  static const std::string sql = "SELECT " + milliseconds("max(locked_until)") +
                                 " FROM login_attempt WHERE subject IN (lower($1), $2) AND locked_until > now()";
  return session_.ask_prepared(sql, Parameters{}.add(account(email)).add(place(address)))[0].number_if_any(0);
}

std::optional<std::int64_t> IdentityStore::judge_login(std::string_view email, std::string_view address, bool is_right,
                                                       const LoginBounds& bounds) {
  std::optional<std::int64_t> locked;
  write([&] {
    const Rows lower = session_.ask_prepared("SELECT lower($1)", Parameters{}.add(account(email)));
    const std::string subject{lower[0].text(0)};
    // The address first, always, so that nobody waits for who waits for him.
    if (is_right) {
      // One right password does not clear what an address did to other accounts, but it waits for their judgement.
      locked = locked_place(address);
      if (!locked)
        locked = judge(subject, true, bounds.failures_per_account, bounds).until_ms;
      return;
    }
    const Judgement of_place = judge(place(address), false, bounds.failures_per_address, bounds);
    if (of_place.locks)
      note_lock(session_, place(address), bounds);
    const Judgement of_account = judge(subject, false, bounds.failures_per_account, bounds);
    // Names that are nobody's are not kept.
    if (of_account.locks)
      if (const auto user = user_by_email(email))
        note_lock(session_, std::string{"user:"}.append(to_string(user->id)), bounds);
    locked = std::max(of_place.until_ms, of_account.until_ms);
  });
  return locked;
}

IdentityStore::Judgement IdentityStore::judge(const std::string& subject, bool is_right, int most,
                                              const LoginBounds& bounds) {
  static const std::string sql = "SELECT " + milliseconds("judge_login_v1($1, $2, $3, make_interval(secs => $4))");
  Parameters values;
  values.add(subject).add(std::string{is_right ? "t" : "f"}).add(most).add(bounds.lock_s);
  Judgement judgement{.until_ms = session_.ask_prepared(sql, values)[0].number_if_any(0)};
  // The failure that was one too many is itself answered like the ones before it.
  if (!is_right && !judgement.until_ms)
    judgement.locks = !session_
                           .ask_prepared("SELECT 1 FROM login_attempt WHERE subject = $1 AND locked_until IS NOT NULL",
                                         Parameters{}.add(subject))
                           .empty();
  return judgement;
}

std::optional<std::int64_t> IdentityStore::locked_place(std::string_view address) {
  static const std::string sql = "SELECT " +
                                 milliseconds("CASE WHEN locked_until > clock_timestamp() THEN locked_until END") +
                                 " FROM login_attempt WHERE subject = $1 FOR SHARE";
  const Rows rows = session_.ask_prepared(sql, Parameters{}.add(place(address)));
  return rows.empty() ? std::nullopt : rows[0].number_if_any(0);
}

/// The user's row stays locked until the end of the transaction: see access_changed_v1.
std::optional<Issued> IdentityStore::issue(const Uuid& user, const Uuid& session) {
  static const std::string sql =
      "SELECT " + user_columns() + ", " + milliseconds("clock_timestamp()") + " FROM app_user u WHERE u.id = $1";
  const Rows may = session_.ask_prepared(
      "SELECT 1 FROM app_user WHERE id = $1 AND status = 'active' AND deleted_at IS NULL FOR SHARE",
      Parameters{}.add(user));
  if (may.empty())
    return std::nullopt;
  const Rows rows = session_.ask_prepared(sql, Parameters{}.add(user));
  return Issued{session, user_of(rows[0]), rows[0].number(12)};
}

std::optional<Issued> IdentityStore::begin_session(const Uuid& user, const Uuid& session, std::string_view address,
                                                   std::string_view refresh_hash, std::int64_t refresh_life_s) {
  std::optional<Issued> issued;
  write([&] {
    issued = issue(user, session);
    if (!issued)
      return;
    session_.ask_prepared("INSERT INTO session (id, user_id, client) VALUES ($1, $2, $3)",
                          Parameters{}.add(session).add(user).add(std::string{address}));
    add_refresh_token(session_, refresh_hash, session, refresh_life_s);
    note(session_, user, "user.login", R"({"session":")" + to_string(session) + "\"}");
  });
  return issued;
}

IdentityStore::Refreshed IdentityStore::refresh(std::string_view old_hash, std::string_view new_hash,
                                                std::int64_t refresh_life_s) {
  Refreshed outcome;
  write([&] {
    // The session's row is locked first, by all who refresh or revoke it.
    const Rows found = session_.ask_prepared(
        "SELECT s.id, s.user_id FROM session s WHERE s.id = (SELECT session_id FROM refresh_token WHERE hash = $1) "
        "AND s.revoked_at IS NULL FOR UPDATE",
        Parameters{}.add_bytes(old_hash));
    if (found.empty())
      return;
    const Uuid session = found[0].uuid(0);
    const Rows token =
        session_.ask_prepared("SELECT used_at IS NOT NULL, expires_at <= now() FROM refresh_token WHERE hash = $1",
                              Parameters{}.add_bytes(old_hash));
    if (token[0].is_true(0)) {
      outcome.fault = RefreshFault::reused;
      outcome.session = session;
      session_.ask_prepared("SELECT revoke_session_v1($1, 'a refresh token was used twice')",
                            Parameters{}.add(session));
      note(session_, found[0].uuid(1), "user.token_reused", R"({"session":")" + to_string(session) + "\"}");
      return;
    }
    if (token[0].is_true(1))
      return;
    outcome.issued = issue(found[0].uuid(1), session);
    if (!outcome.issued)
      return;
    session_.ask_prepared("UPDATE refresh_token SET used_at = now() WHERE hash = $1", Parameters{}.add_bytes(old_hash));
    session_.ask_prepared("UPDATE session SET last_used_at = now() WHERE id = $1", Parameters{}.add(session));
    add_refresh_token(session_, new_hash, session, refresh_life_s);
  });
  return outcome;
}

void IdentityStore::revoke_session(const Uuid& session, std::string_view why) {
  write([&] {
    const Rows user = session_.ask_prepared("SELECT user_id FROM session WHERE id = $1", Parameters{}.add(session));
    session_.ask_prepared("SELECT revoke_session_v1($1, $2)", Parameters{}.add(session).add(std::string{why}));
    if (!user.empty())
      note(session_, user[0].uuid(0), "user.logout", R"({"session":")" + to_string(session) + "\"}");
  });
}

void IdentityStore::add_code(const Uuid& user, CodePurpose purpose, const MailedCode& code) {
  write([&] {
    const Rows rows = session_.ask_prepared(
        "SELECT email_verified_at IS NOT NULL FROM app_user WHERE id = $1 AND email = $2 AND deleted_at IS NULL "
        "FOR UPDATE",
        Parameters{}.add(user).add(code.mail.recipient));
    if (rows.empty() || (purpose == CodePurpose::verify_email && rows[0].is_true(0)))
      return;
    mail_code(session_, user, purpose, code);
  });
}

/// Whose it is, as long as nobody uses it meanwhile.
std::optional<Uuid> IdentityStore::user_of_code(std::string_view code_hash, CodePurpose purpose) {
  const Rows rows = session_.ask_prepared("SELECT user_id FROM one_time_code WHERE hash = $1 AND purpose = $2 "
                                          "AND used_at IS NULL AND expires_at > now()",
                                          Parameters{}.add_bytes(code_hash).add(name_of(purpose)));
  return rows.empty() ? std::nullopt : std::optional{rows[0].uuid(0)};
}

/// The user's row is locked. False when it was used or made void before.
bool IdentityStore::use_code(std::string_view code_hash) {
  return !session_
              .ask_prepared("UPDATE one_time_code SET used_at = now() WHERE hash = $1 AND used_at IS NULL "
                            "RETURNING user_id",
                            Parameters{}.add_bytes(code_hash))
              .empty();
}

bool IdentityStore::verify_email(std::string_view code_hash, const Letter& told) {
  bool verified = false;
  write([&] {
    const auto user = user_of_code(code_hash, CodePurpose::verify_email);
    if (!user)
      return;
    session_.ask_prepared("SELECT 1 FROM app_user WHERE id = $1 FOR UPDATE", Parameters{}.add(*user));
    if (!use_code(code_hash))
      return;
    session_.ask_prepared("UPDATE app_user SET email_verified_at = coalesce(email_verified_at, now()) WHERE id = $1",
                          Parameters{}.add(*user));
    note(session_, *user, "user.verify", "{}");
    write_letter(session_, *user, told);
    verified = true;
  });
  return verified;
}

std::optional<ChangedUser> IdentityStore::reset_password(std::string_view code_hash, std::string_view password_hash,
                                                         const Letter& told) {
  static const std::string sql = "UPDATE app_user SET password_hash = $2, updated_at = now() WHERE id = $1 RETURNING " +
                                 milliseconds("changed_at");
  std::optional<ChangedUser> changed;
  const auto reset = [&] {
    const auto user = user_of_code(code_hash, CodePurpose::reset_password);
    if (!user)
      return;
    // His session rows are revoked before his own row is locked, in the order that a refresh takes.
    session_.ask_prepared("UPDATE session SET revoked_at = clock_timestamp(), revoked_why = 'the password was reset' "
                          "WHERE user_id = $1 AND revoked_at IS NULL",
                          Parameters{}.add(*user));
    session_.ask_prepared("SELECT access_changed_v1($1)", Parameters{}.add(*user));
    if (!use_code(code_hash))
      throw CodeIsUsed{};
    const Rows rows = session_.ask_prepared(sql, Parameters{}.add(*user).add(std::string{password_hash}));
    changed = ChangedUser{*user, rows[0].number(0)};
    note(session_, *user, "user.password", "{}");
    write_letter(session_, *user, told);
  };
  try {
    write(reset);
  } catch (const CodeIsUsed&) {
    return std::nullopt;
  }
  return changed;
}

}  // namespace dompet
