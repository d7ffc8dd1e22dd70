#include <catch2/catch_test_macros.hpp>

#include "persistence/audit_log.hpp"
#include "persistence/mail_store.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

constexpr std::int64_t minute_ms = 60'000;

void write(SqlSession& sql, const std::string& subject, bool is_secret) {
  sql.within("BEGIN READ WRITE", [&] {
    write_mail(sql, {.id = make_row_id(),
                     .kind = "transfer_received",
                     .recipient = "ayu@example.com",
                     .subject = subject,
                     .text = "text",
                     .is_secret = is_secret});
  });
}

}  // namespace

TEST_CASE("a mail with a code goes before every notice, however long that has waited", "[mail]") {
  make_empty_ledger();
  SqlSession sql = open_session();
  write(sql, "older notice", false);
  write(sql, "notice", false);
  write(sql, "code", true);
  CHECK(mails_waiting(sql, 10) == 3);
  CHECK(mails_waiting(sql, 2) == 2);
  MailStore store(sql);
  for (const char* subject : {"code", "older notice", "notice"}) {
    const auto mail = store.claim(minute_ms, 3);
    REQUIRE(mail);
    CHECK(mail->subject == subject);
  }
  CHECK_FALSE(store.claim(minute_ms, 3));
}

TEST_CASE("nobody is told by mail who is locked out or in the trash", "[mail]") {
  make_empty_ledger();
  SqlSession sql = open_session();
  const Uuid user = make_row_id();
  sql.run(
      "INSERT INTO app_user (id, username, first_name, last_name, email, password_hash, email_verified_at) VALUES ('" +
      to_string(user) + "', 'ayu', 'Ayu', 'Lestari', 'ayu@example.com', 'hash', now())");
  CHECK(notice_readers(sql, {user}).size() == 1);
  for (const char* gone : {"status = 'locked'", "deleted_at = now()"}) {
    sql.run(std::string{"UPDATE app_user SET "}.append(gone));
    CHECK(notice_readers(sql, {user}).empty());
    sql.run("UPDATE app_user SET status = 'active', deleted_at = NULL");
  }
}

}  // namespace dompet::testing
