#include "persistence/mail_store.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <sstream>

#include "persistence/array_text.hpp"
#include "persistence/audit_log.hpp"
#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

constexpr std::string_view waits = "sent_at IS NULL AND failed_at IS NULL";

std::string state_sql(MailState state) {
  switch (state) {
    case MailState::waiting: return std::string{waits};
    case MailState::sent: return "sent_at IS NOT NULL";
    case MailState::failed: break;
  }
  return "failed_at IS NOT NULL";
}

/// Whoever is locked out or in the trash is not written to.
std::optional<Addressee> addressee(SqlSession& session, const Uuid& user, const std::string& condition,
                                   std::string_view notices) {
  Parameters values;
  values.add(user);
  if (!notices.empty())
    values.add(std::string{notices});
  const Rows rows = session.ask_prepared(
      "SELECT email, first_name FROM app_user WHERE id = $1 AND status = 'active' AND deleted_at IS NULL" + condition,
      values);
  if (rows.empty())
    return std::nullopt;
  return Addressee{user, std::string{rows[0].text(0)}, std::string{rows[0].text(1)}};
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text.append(text.empty() ? "" : ",").append(word);
  return text;
}

std::vector<std::string> words_of(std::string_view joined_words) {
  std::vector<std::string> words;
  std::istringstream text{std::string{joined_words}};
  for (std::string word; std::getline(text, word, ',');)
    words.push_back(word);
  return words;
}

MailListing listing_of(const Row& row) {
  MailListing mail{.id = row.uuid(0),
                   .kind = std::string{row.text(1)},
                   .recipient = std::string{row.text(2)},
                   .subject = std::string{row.text(3)},
                   .attempts = static_cast<int>(row.number(4)),
                   .error = std::string{row.text(5)},
                   .created_at_ms = row.number(6),
                   .at_ms = row.number(9)};
  if (const auto sent_at = row.number_if_any(7)) {
    mail.state = MailState::sent;
    mail.at_ms = *sent_at;
  } else if (const auto failed_at = row.number_if_any(8)) {
    mail.state = MailState::failed;
    mail.at_ms = *failed_at;
  }
  return mail;
}

}  // namespace

bool NoticeReader::wants(std::string_view notices) const { return std::ranges::find(off, notices) == off.end(); }

void write_mails(SqlSession& session, std::span<const NewMail> mails) {
  constexpr std::size_t at_once = 200;
  for (; !mails.empty(); mails = mails.subspan(std::min(at_once, mails.size()))) {
    std::array<ArrayText, 8> columns;
    for (const NewMail& mail : mails.first(std::min(at_once, mails.size()))) {
      const std::array<std::string, 8> values{
          to_string(mail.id), mail.kind, mail.recipient,  mail.subject,
          mail.text,          mail.html, mail.dedupe_key, mail.is_secret ? "t" : "f"};
      for (std::size_t i = 0; i < values.size(); ++i)
        columns[i].add(values[i]);
    }
    Parameters arrays;
    for (ArrayText& column : columns)
      arrays.add(std::move(column).finish());
    session.ask_prepared("INSERT INTO mail_outbox (id, kind, recipient, subject, body, html, dedupe_key, is_secret) "
                         "SELECT id, kind, recipient, subject, body, html, nullif(key, ''), is_secret FROM unnest("
                         "$1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], "
                         "$8::boolean[]) AS mail (id, kind, recipient, subject, body, html, key, is_secret) "
                         "ON CONFLICT DO NOTHING",
                         arrays);
  }
}

void write_mail(SqlSession& session, const NewMail& mail) { write_mails(session, {&mail, 1}); }

std::vector<NoticeReader> notice_readers(SqlSession& session, const std::vector<Uuid>& users) {
  ArrayText ids;
  for (const Uuid& user : users)
    ids.add(to_string(user));
  std::vector<NoticeReader> readers;
  session
      .ask_prepared(
          "SELECT id, email, first_name, array_to_string(notices_off, ',') FROM app_user WHERE "
          "id = ANY ($1::uuid[]) AND email_verified_at IS NOT NULL AND status = 'active' AND deleted_at IS NULL "
          "ORDER BY id",
          Parameters{}.add(std::move(ids).finish()))
      .each([&](const Row& row) {
        readers.push_back({{row.uuid(0), std::string{row.text(1)}, std::string{row.text(2)}}, words_of(row.text(3))});
      });
  return readers;
}

void write_letter(SqlSession& session, const Uuid& user, const Letter& letter) {
  if (const auto to = addressee(session, user, "", ""))
    write_mail(session, letter(*to));
}

void write_notice(SqlSession& session, const Uuid& user, std::string_view notices, const Letter& letter) {
  const auto to =
      addressee(session, user, " AND email_verified_at IS NOT NULL AND NOT $2 = ANY (notices_off)", notices);
  if (to)
    write_mail(session, letter(*to));
}

std::optional<ClaimedMail> MailStore::claim(std::int64_t claim_ms, int give_up_days) {
  const auto due = [](const std::string& which) {
    return "(SELECT id FROM mail_outbox WHERE " + which + std::string{waits} +
           " AND due_at <= now() ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)";
  };
  static const std::string sql =
      "UPDATE mail_outbox SET attempts = attempts + 1, due_at = now() + make_interval(secs => $1 / 1000.0) WHERE id = "
      "coalesce(" +
      due("is_secret AND ") + ", " + due("") + ") RETURNING id, recipient, subject, body, html, " +
      milliseconds("created_at") + ", attempts, tried_since < now() - make_interval(days => $2)";
  std::optional<ClaimedMail> mail;
  session_.within("BEGIN READ WRITE", [&] {
    session_.ask_prepared(sql, Parameters{}.add(claim_ms).add(give_up_days)).each([&](const Row& row) {
      mail = {row.uuid(0),
              std::string{row.text(1)},
              std::string{row.text(2)},
              std::string{row.text(3)},
              std::string{row.text(4)},
              row.number(5),
              static_cast<int>(row.number(6)),
              row.is_true(7)};
    });
  });
  return mail;
}

void MailStore::sent(const Uuid& mail) {
  session_.within("BEGIN READ WRITE", [&] {
    session_.ask_prepared("UPDATE mail_outbox SET sent_at = now(), body = '', html = '' WHERE id = $1",
                          Parameters{}.add(mail));
  });
}

void MailStore::put_off(const Uuid& mail, const std::string& error, std::int64_t pause_ms) {
  session_.within("BEGIN READ WRITE", [&] {
    session_.ask_prepared("UPDATE mail_outbox SET last_error = $2, due_at = now() + make_interval(secs => $3 / 1000.0) "
                          "WHERE id = $1",
                          Parameters{}.add(mail).add(error).add(pause_ms));
  });
}

void MailStore::give_up(const Uuid& mail, const std::string& error) {
  session_.within("BEGIN READ WRITE", [&] {
    session_.ask_prepared("UPDATE mail_outbox SET last_error = $2, failed_at = now(), "
                          "body = CASE WHEN is_secret THEN '' ELSE body END, "
                          "html = CASE WHEN is_secret THEN '' ELSE html END WHERE id = $1",
                          Parameters{}.add(mail).add(error));
  });
}

std::int64_t mails_waiting(SqlSession& session, std::int64_t most) {
  return session
      .ask_prepared("SELECT count(*) FROM (SELECT 1 FROM mail_outbox WHERE " + std::string{waits} +
                        " LIMIT $1) AS mails",
                    Parameters{}.add(most))[0]
      .number(0);
}

MailsWaiting MailStore::waiting() {
  static const std::string sql =
      "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::bigint FROM (SELECT created_at FROM "
      "mail_outbox WHERE " +
      std::string{waits} + " LIMIT " + std::to_string(most_counted) + ") AS mails";
  const Rows rows = session_.ask_prepared(sql);
  return {rows[0].number(0), rows[0].number(1)};
}

std::vector<MailListing> MailStore::list(const MailQuery& query) {
  Parameters values;
  std::string sql = "SELECT id, kind, recipient, subject, attempts, coalesce(last_error, ''), " +
                    milliseconds("created_at") + ", " + milliseconds("sent_at") + ", " + milliseconds("failed_at") +
                    ", " + milliseconds("due_at") + " FROM mail_outbox WHERE true";
  if (query.state)
    sql += " AND " + state_sql(*query.state);
  if (!query.kind.empty())
    sql += " AND kind = " + values.add(query.kind).last();
  if (!query.recipient.empty())
    sql += " AND lower(recipient) = lower(" + values.add(query.recipient).last() + ")";
  if (query.before)
    sql += " AND id < " + values.add(*query.before).last();
  sql += " ORDER BY id DESC LIMIT " + std::to_string(query.limit);
  std::vector<MailListing> mails;
  session_.ask(sql, values).each([&](const Row& row) { mails.push_back(listing_of(row)); });
  return mails;
}

MailStore::Again MailStore::try_again(const Uuid& mail, const Act& act) {
  Again outcome = Again::is_due;
  session_.within("BEGIN READ WRITE", [&] {
    const Rows rows = session_.ask_prepared(
        "SELECT sent_at IS NULL AND body <> '' FROM mail_outbox WHERE id = $1 FOR UPDATE", Parameters{}.add(mail));
    if (rows.empty() || !rows[0].is_true(0)) {
      outcome = rows.empty() ? Again::absent : Again::cannot;
      return;
    }
    session_.ask_prepared("UPDATE mail_outbox SET failed_at = NULL, due_at = now(), tried_since = now() WHERE id = $1",
                          Parameters{}.add(mail));
    write_audit(session_, {.act = act, .what = "mail.retry", .target = "mail:" + to_string(mail)});
  });
  return outcome;
}

bool MailStore::sweep(int keep_days) {
  constexpr int at_once = 5'000;
  const auto before = std::chrono::system_clock::now() - std::chrono::days(keep_days);
  const std::int64_t before_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(before.time_since_epoch()).count();
  int deleted = 0;
  session_.within("BEGIN READ WRITE", [&] {
    deleted = session_
                  .ask_prepared("DELETE FROM mail_outbox WHERE id IN (SELECT id FROM mail_outbox WHERE id < $1 AND "
                                "(sent_at IS NOT NULL OR failed_at IS NOT NULL) ORDER BY id LIMIT $2) RETURNING id",
                                Parameters{}.add(make_uuid_v7(before_ms, {})).add(at_once))
                  .size();
  });
  return deleted == at_once;
}

std::optional<std::vector<std::string>> notices_off(SqlSession& session, const Uuid& user) {
  const Rows rows = session.ask_prepared(
      "SELECT array_to_string(notices_off, ',') FROM app_user WHERE id = $1 AND deleted_at IS NULL",
      Parameters{}.add(user));
  return rows.empty() ? std::nullopt : std::optional{words_of(rows[0].text(0))};
}

bool switch_notices(SqlSession& session, const Uuid& user, const std::vector<std::string>& off,
                    const std::vector<std::string>& on) {
  bool is_there = false;
  session.within("BEGIN READ WRITE", [&] {
    is_there = !session
                    .ask_prepared("UPDATE app_user SET notices_off = ARRAY(SELECT name FROM unnest(notices_off || "
                                  "string_to_array($2, ',')) AS name WHERE NOT name = ANY (string_to_array($3, ',')) "
                                  "GROUP BY name ORDER BY name) WHERE id = $1 AND deleted_at IS NULL RETURNING id",
                                  Parameters{}.add(user).add(joined(off)).add(joined(on)))
                    .empty();
  });
  return is_there;
}

}  // namespace dompet
