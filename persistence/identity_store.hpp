#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.hpp"
#include "persistence/access_store.hpp"
#include "persistence/mail_store.hpp"
#include "persistence/reader.hpp"

namespace dompet {

class SqlSession;

/// A user as the tables of 0006_identity have him. Times are milliseconds since 1970 by the database's clock.
struct StoredUser {
  Uuid id{};
  std::string username{};
  std::string first_name{};
  std::string last_name{};
  std::string email{};
  std::string password_hash{};
  bool is_email_verified = false;
  /// "active" or "locked".
  std::string status{};
  std::int64_t created_at_ms = 0;
  std::int64_t updated_at_ms = 0;
  std::optional<std::int64_t> deleted_at_ms{};
  /// By name.
  std::vector<std::string> roles{};
};

struct NewUser {
  Uuid id{};
  std::string username{};
  std::string first_name{};
  std::string last_name{};
  std::string email{};
  std::string password_hash{};
};

/// What is unique and already another's.
enum class Taken { nothing, username, email };

/// A code that works once, and the mail that brings it.
struct MailedCode {
  std::string hash{};
  std::int64_t life_s = 0;
  NewMail mail{};
};

/// What a code is for.
enum class CodePurpose { verify_email, reset_password };

/// Of one purpose: whoever has them sent to somebody does not fill his mailbox.
inline constexpr int most_codes_an_hour = 10;

/// Within the transaction that is open and has locked the user's row, which everything that touches his codes does
/// first: earlier codes of the purpose are void and the mail is written. Neither when he had enough of them lately.
void mail_code(SqlSession& session, const Uuid& user, CodePurpose purpose, const MailedCode& code);
/// Every code of the user that was not used is void, in the same way.
void void_codes(SqlSession& session, const Uuid& user);

/// What an access token says, when it was made.
struct Issued {
  Uuid session{};
  StoredUser user{};
  std::int64_t at_ms = 0;
};

enum class RefreshFault {
  /// Never issued, expired, of a session that is over, or of a user who may not log in any more.
  invalid,
  /// It was used before: somebody has a copy. Its whole session is revoked now.
  reused,
};

struct LoginBounds {
  int failures_per_account = 5;
  int failures_per_address = 50;
  int lock_s = 900;
};

/// Users, their logins and what is sent to them, in database 0. Blocks; what changes anything is one transaction.
/// Throws Unavailable.
class IdentityStore {
 public:
  explicit IdentityStore(Reader& reader) : session_(reader.session()) {}

  std::optional<StoredUser> user(const Uuid& id);
  /// Whatever its case. Users in the trash are not found.
  std::optional<StoredUser> user_by_email(std::string_view email);
  bool has_administrator();

  /// With these roles. Whoever registers himself has his address to verify, and is on record for it.
  Taken add(const NewUser& user, const std::vector<std::string>& roles, const std::optional<MailedCode>& verification);

  /// Until when the account or the address is locked, milliseconds since 1970; nothing when neither is.
  std::optional<std::int64_t> locked_until_ms(std::string_view email, std::string_view address);
  /// Notes how a login ended, and a lock on record. A value means that it is refused however it ended.
  std::optional<std::int64_t> judge_login(std::string_view email, std::string_view address, bool is_right,
                                          const LoginBounds& bounds);
  /// Begins a session; nothing when the user may not log in (any more).
  std::optional<Issued> begin_session(const Uuid& user, const Uuid& session, std::string_view address,
                                      std::string_view refresh_hash, std::int64_t refresh_life_s);
  /// Uses up a refresh token and puts the next one in its place.
  struct Refreshed {
    std::optional<Issued> issued{};
    RefreshFault fault = RefreshFault::invalid;
    /// Of a reuse.
    Uuid session{};
  };
  Refreshed refresh(std::string_view old_hash, std::string_view new_hash, std::int64_t refresh_life_s);
  void revoke_session(const Uuid& session, std::string_view why);

  /// A code that was not used and has not expired verifies the address, and he is told. False otherwise.
  bool verify_email(std::string_view code_hash, const Letter& told);
  /// See mail_code. Nothing when the mail's recipient is not the user's address any more, or is verified already and
  /// the code would verify it.
  void add_code(const Uuid& user, CodePurpose purpose, const MailedCode& code);
  /// Sets the password, ends every session, and tells him. Nothing when the code is no good.
  std::optional<ChangedUser> reset_password(std::string_view code_hash, std::string_view password_hash,
                                            const Letter& told);

 private:
  /// How a login ends for an account or an address.
  struct Judgement {
    std::optional<std::int64_t> until_ms{};
    /// This one was one too many.
    bool locks = false;
  };
  Judgement judge(const std::string& subject, bool is_right, int most, const LoginBounds& bounds);
  std::optional<std::int64_t> locked_place(std::string_view address);
  std::optional<StoredUser> one(const std::string& condition, const std::string& value);
  void write(const std::function<void()>& body);
  std::optional<Issued> issue(const Uuid& user, const Uuid& session);
  std::optional<Uuid> user_of_code(std::string_view code_hash, CodePurpose purpose);
  bool use_code(std::string_view code_hash);

  SqlSession& session_;
};

}  // namespace dompet
