#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.hpp"

namespace dompet {

class SqlSession;
struct Act;

/// A mail that is about to be written, in the transaction of what it tells about.
struct NewMail {
  Uuid id{};
  /// Of notices/kinds.hpp.
  std::string kind{};
  std::string recipient{};
  std::string subject{};
  std::string text{};
  std::string html{};
  /// It carries a code.
  bool is_secret = false;
  /// Of several mails with the same key one is written; empty: no other has its key.
  std::string dedupe_key{};
};

/// Somebody who can be written to.
struct Addressee {
  Uuid user{};
  std::string email{};
  std::string first_name{};
};

/// What somebody is told, once it is known who he is.
using Letter = std::function<NewMail(const Addressee& to)>;

/// Somebody who has a verified address.
struct NoticeReader : Addressee {
  /// Which notices he has switched off.
  std::vector<std::string> off{};

  bool wants(std::string_view notices) const;
};

/// As part of the transaction that is open. Those whose key is there already are left out.
void write_mails(SqlSession& session, std::span<const NewMail> mails);
/// Of these users those who can be sent notices, in the order of their ids.
std::vector<NoticeReader> notice_readers(SqlSession& session, const std::vector<Uuid>& users);

/// One mail in the same way.
void write_mail(SqlSession& session, const NewMail& mail);
/// Writes it to the user in the same way, whether his address is verified or not; not to one who is locked out or in
/// the trash.
void write_letter(SqlSession& session, const Uuid& user, const Letter& letter);
/// The same, if his address is verified and he has not switched these notices off.
void write_notice(SqlSession& session, const Uuid& user, std::string_view notices, const Letter& letter);

/// How many mails wait, counted up to `most`.
std::int64_t mails_waiting(SqlSession& session, std::int64_t most);

/// A mail that this node may try until its claim is over.
struct ClaimedMail {
  Uuid id{};
  std::string recipient{};
  std::string subject{};
  std::string text{};
  std::string html{};
  std::int64_t created_at_ms = 0;
  /// This one included.
  int attempts = 0;
  /// It has been tried for as long as mails are.
  bool is_last_attempt = false;
};

enum class MailState : std::uint8_t { waiting, sent, failed };

/// A mail as staff may see it: without its bodies.
struct MailListing {
  Uuid id{};
  std::string kind{};
  std::string recipient{};
  std::string subject{};
  MailState state = MailState::waiting;
  int attempts = 0;
  /// Of the last attempt that failed.
  std::string error{};
  std::int64_t created_at_ms = 0;
  /// When it was sent or given up; of one that waits when it is tried next.
  std::int64_t at_ms = 0;
};

/// All that are given must hold.
struct MailQuery {
  std::optional<MailState> state{};
  std::string kind{};
  /// The whole address, in whatever case.
  std::string recipient{};
  std::optional<Uuid> before{};
  int limit = 50;
};

struct MailsWaiting {
  /// At most `most_counted`.
  std::int64_t count = 0;
  std::int64_t oldest_age_s = 0;
};

/// The mails on their way, in database 0. Blocks; throws Unavailable. One thread at a time.
class MailStore {
 public:
  static constexpr int most_counted = 100'000;

  /// Outlives the store.
  explicit MailStore(SqlSession& session) : session_(session) {}

  /// The one that is due for the longest time and that nobody else is at, those with a code before all others. Whoever
  /// claims it must be done with it within `claim_ms`; then it is due again. After `give_up_days` of trying it is the
  /// last time.
  std::optional<ClaimedMail> claim(std::int64_t claim_ms, int give_up_days);
  /// It was taken: what it said is wiped.
  void sent(const Uuid& mail);
  /// It is tried again after a pause.
  void put_off(const Uuid& mail, const std::string& error, std::int64_t pause_ms);
  /// It is not tried again by itself; of one with a code what it said is wiped.
  void give_up(const Uuid& mail, const std::string& error);

  MailsWaiting waiting();
  /// Newest first, by id.
  std::vector<MailListing> list(const MailQuery& query);

  enum class Again { is_due, absent, cannot };
  /// It is due now, and tried as long as a new one. One that was sent cannot be, nor one whose words are wiped. On
  /// record as done by `who`.
  Again try_again(const Uuid& mail, const Act& act);

  /// Deletes mails that were written so long ago and do not wait any more, some thousand at a time; true when there are
  /// more.
  bool sweep(int keep_days);

 private:
  SqlSession& session_;
};

/// Which of the user's notices are off; nothing when he is not there.
std::optional<std::vector<std::string>> notices_off(SqlSession& session, const Uuid& user);
/// Each named one off or on, the others as they are. False when he is not there.
bool switch_notices(SqlSession& session, const Uuid& user, const std::vector<std::string>& off,
                    const std::vector<std::string>& on);

}  // namespace dompet
