#include "persistence/user_rules.hpp"

#include <utility>

#include "persistence/session.hpp"

namespace dompet {

namespace {

constexpr const char* administrator = "administrator";

ReferenceRefusal refused(std::string_view code, std::string detail) {
  return {.fault = ReferenceFault::refused, .code = code, .detail = std::move(detail)};
}

std::vector<std::string> texts(const Rows& rows) {
  std::vector<std::string> found;
  rows.each([&](const Row& row) { found.emplace_back(row.text(0)); });
  return found;
}

std::vector<std::string> permissions_of_user(SqlSession& session, const Uuid& user) {
  return texts(session.ask_prepared("SELECT DISTINCT unnest(r.permissions) FROM user_role ur JOIN role r ON"
                                    " r.id = ur.role_id WHERE ur.user_id = $1",
                                    Parameters{}.add(user)));
}

std::vector<std::string> permissions_of_role(SqlSession& session, const Uuid& role) {
  return texts(session.ask_prepared("SELECT unnest(permissions) FROM role WHERE id = $1", Parameters{}.add(role)));
}

/// Another user who can log in has the role. The role's row is locked first, so that one such question is asked at a
/// time.
bool another_administrator(SqlSession& session, const Uuid& user) {
  session.ask_prepared("SELECT 1 FROM role WHERE name = $1 FOR UPDATE", Parameters{}.add(std::string{administrator}));
  return !session
              .ask_prepared("SELECT 1 FROM user_role ur JOIN role r ON r.id = ur.role_id JOIN app_user u ON"
                            " u.id = ur.user_id WHERE r.name = $1 AND u.id <> $2 AND u.status = 'active' AND"
                            " u.deleted_at IS NULL LIMIT 1",
                            Parameters{}.add(std::string{administrator}).add(user))
              .empty();
}

bool is_administrator(SqlSession& session, const Uuid& user) {
  return !session
              .ask_prepared("SELECT 1 FROM user_role ur JOIN role r ON r.id = ur.role_id WHERE ur.user_id = $1 AND"
                            " r.name = $2",
                            Parameters{}.add(user).add(std::string{administrator}))
              .empty();
}

std::optional<ReferenceRefusal> keep_an_administrator(SqlSession& session, const ReferenceRow& user) {
  if (user.is_trashed() || user.text("status") != "active" || !is_administrator(session, user.id) ||
      another_administrator(session, user.id))
    return std::nullopt;
  return refused("last_administrator", "Make somebody else an administrator first.");
}

/// Gives the role; nothing, or why not.
std::optional<ReferenceRefusal> give(SqlSession& session, const Uuid& user, const std::string& role,
                                     const Holds& holds) {
  const Rows found = session.ask_prepared("SELECT id FROM role WHERE name = $1 AND deleted_at IS NULL FOR SHARE",
                                          Parameters{}.add(role));
  if (found.empty())
    return refused("role_not_found", "There is no role \"" + role + "\".");
  const Uuid id = found[0].uuid(0);
  if (!holds(permissions_of_role(session, id)))
    return refused("forbidden", "The role \"" + role + "\" has permissions that you have not.");
  session.ask_prepared("INSERT INTO user_role (user_id, role_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                       Parameters{}.add(user).add(id));
  return std::nullopt;
}

}  // namespace

ReferenceGuard not_above(Holds holds) {
  return [holds = std::move(holds)](SqlSession& session, const ReferenceRow& user) -> std::optional<ReferenceRefusal> {
    if (holds(permissions_of_user(session, user.id)))
      return std::nullopt;
    return refused("forbidden", "The user has permissions that you have not.");
  };
}

ReferenceGuard an_administrator_stays() { return keep_an_administrator; }

ReferenceGuard role_may_be_touched(Holds holds) {
  return [holds = std::move(holds)](SqlSession& session, const ReferenceRow& role) -> std::optional<ReferenceRefusal> {
    if (role.text("is_protected") == "t")
      return refused("role_protected", "The program relies on the role \"" + role.text("name") + "\".");
    if (holds(permissions_of_role(session, role.id)))
      return std::nullopt;
    return refused("forbidden", "The role has permissions that you have not.");
  };
}

ReferenceGuard with_roles(std::vector<std::string> roles, Holds holds) {
  return [roles = std::move(roles),
          holds = std::move(holds)](SqlSession& session, const ReferenceRow& user) -> std::optional<ReferenceRefusal> {
    const bool was_administrator = is_administrator(session, user.id);
    session.ask_prepared("DELETE FROM user_role WHERE user_id = $1", Parameters{}.add(user.id));
    for (const std::string& role : roles)
      if (auto refusal = give(session, user.id, role, holds))
        return refusal;
    if (was_administrator && !is_administrator(session, user.id) && !another_administrator(session, user.id))
      return refused("last_administrator", "Make somebody else an administrator first.");
    return std::nullopt;
  };
}

ReferenceGuard verifies_anew(MailedCode code) {
  return [code = std::move(code)](SqlSession& session, const ReferenceRow& user) -> std::optional<ReferenceRefusal> {
    if (user.text("email") == code.mail.recipient)
      return std::nullopt;
    session.ask_prepared("UPDATE app_user SET email_verified_at = NULL WHERE id = $1", Parameters{}.add(user.id));
    void_codes(session, user.id);
    mail_code(session, user.id, CodePurpose::verify_email, code);
    return std::nullopt;
  };
}

ReferenceGuard is_sent(MailedCode code) {
  return [code = std::move(code)](SqlSession& session, const ReferenceRow& user) -> std::optional<ReferenceRefusal> {
    mail_code(session, user.id, CodePurpose::verify_email, code);
    return std::nullopt;
  };
}

ReferenceGuard its_users_begin_anew(std::optional<std::string> name) {
  return [name = std::move(name)](SqlSession& session, const ReferenceRow& role) -> std::optional<ReferenceRefusal> {
    if (role.text("name") != name)
      session.ask_prepared("SELECT role_changed_v1($1)", Parameters{}.add(role.id));
    return std::nullopt;
  };
}

ReferenceGuard all_of(std::vector<ReferenceGuard> guards) {
  return [guards = std::move(guards)](SqlSession& session, const ReferenceRow& row) -> std::optional<ReferenceRefusal> {
    for (const ReferenceGuard& guard : guards)
      if (auto refusal = guard(session, row))
        return refusal;
    return std::nullopt;
  };
}

}  // namespace dompet
