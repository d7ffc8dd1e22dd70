#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <memory>

#include "notices/money_letters.hpp"
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

Uuid add_user(SqlSession& sql) {
  const Uuid user = make_row_id();
  sql.run(
      "INSERT INTO app_user (id, username, first_name, last_name, email, password_hash, email_verified_at) VALUES ('" +
      to_string(user) + "', 'ayu', 'Ayu', 'Lestari', 'ayu@example.com', 'hash', now())");
  return user;
}

/// Both sides of a transfer between wallets of the user.
std::vector<events::Event> transfer_of(const Uuid& user) {
  const WalletId source{Uuid{{1}}};
  const WalletId destination{Uuid{{2}}};
  auto record = std::make_shared<Record>();
  record->kind = RecordKind::transfer;
  record->at_ms = 1'795'228'406'789;
  record->transaction = std::make_shared<Transaction>(Transaction{.id = TransactionId{Uuid{{9}}},
                                                                  .currency = *find_currency("IDR"),
                                                                  .amount = 500,
                                                                  .source = source,
                                                                  .destination = destination});
  record->add_leg(source, TransferredOut{.transaction = record->transaction->id, .amount = 500});
  record->add_leg(destination, Credited{.transaction = record->transaction->id, .amount = 500});
  std::vector<events::Event> events;
  append_events(events, record);
  for (events::Event& event : events)
    event.owner = UserId{user};
  return events;
}

}  // namespace

TEST_CASE("notices about money are counted and not written while too many mails wait, codes are written", "[mail]") {
  make_empty_ledger();
  SqlSession sql = open_session();
  const auto events = transfer_of(add_user(sql));
  REQUIRE(events.size() == 2);
  write(sql, "notice", false);
  std::atomic<std::uint64_t> left_out = 0;
  MoneyLetters letters("", std::chrono::days(36'500), 2, left_out);
  sql.within("BEGIN READ WRITE", [&] { letters.take(events, sql, {}); });
  CHECK(count(sql, "mail_outbox") == 2);
  CHECK(left_out == 1);
  write(sql, "code", true);
  CHECK(count(sql, "mail_outbox") == 3);
}

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
  const Uuid user = add_user(sql);
  CHECK(notice_readers(sql, {user}).size() == 1);
  for (const char* gone : {"status = 'locked'", "deleted_at = now()"}) {
    sql.run(std::string{"UPDATE app_user SET "}.append(gone));
    CHECK(notice_readers(sql, {user}).empty());
    sql.run("UPDATE app_user SET status = 'active', deleted_at = NULL");
  }
}

}  // namespace dompet::testing
