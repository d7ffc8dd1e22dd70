#include "config/setting_rows.hpp"

namespace dompet::rows {

namespace {

bool is_server(std::string_view text) {
  return text.empty() || ((text.starts_with("smtp://") || text.starts_with("smtps://")) && is_any_text(text) &&
                          text.find_first_of(" @\r\n") == text.npos);
}

bool is_sender(std::string_view text) {
  const std::size_t at = text.rfind('@');
  return at != text.npos && at > 0 && at + 1 < text.size() && text.size() <= 200 &&
         text.find_first_of(std::string_view{" <>(),;:\"\\[]\r\n\0", 15}) == text.npos;
}

bool is_name(std::string_view text) {
  return text.size() <= 100 && text.find_first_of(std::string_view{"\r\n\0", 3}) == text.npos;
}

bool is_link(std::string_view text) {
  return text.empty() || ((text.starts_with("https://") || text.starts_with("http://")) &&
                          text.find_first_of(std::string_view{" \"<>\r\n\0", 7}) == text.npos);
}

void add_smtp(Rows& rows) {
  rows.push_back(words({"smtp", "url",
                        "The mail server that mails are handed to. Empty: they become files in var/mail, which is for "
                        "development."},
                       "empty, or such as smtp://mail.example:587 or smtps://mail.example:465, without a user",
                       is_server, [](auto& s) -> auto& { return s.mail.smtp.url; }));
  rows.push_back(choice<SmtpEncryption>(
      {"smtp", "encryption",
       "Of smtp://: required hands over nothing unless STARTTLS is there and the certificate is good, since mails "
       "carry "
       "codes; optional takes what there is; none is for a server on the same machine. smtps:// is always encrypted."},
      {{"required", SmtpEncryption::required}, {"optional", SmtpEncryption::optional}, {"none", SmtpEncryption::none}},
      [](auto& s) -> auto& { return s.mail.smtp.encryption; }));
  rows.push_back(words({"smtp", "user", "Who logs in there. Empty: nobody."}, "a text", is_any_text,
                       [](auto& s) -> auto& { return s.mail.smtp.user; }));
  rows.push_back(hidden(words({"smtp", "password", "His password. Better given by the variable than by the flag."},
                              "a text", is_any_text, [](auto& s) -> auto& { return s.mail.smtp.password; })));
  rows.push_back(words({"smtp", "ca_file", "Whose certificates are believed there. Empty: whom the system believes."},
                       "the path of a file", is_any_text, [](auto& s) -> auto& { return s.mail.smtp.ca_file; }));
  rows.push_back(number({"smtp", "timeout_ms",
                         "How long one mail may take to be handed over. A mail that a dead process was at is tried by "
                         "another one after twice as long."},
                        "milliseconds", 100, 600'000, [](auto& s) -> auto& { return s.mail.smtp.timeout; }));
}

void add_letters(Rows& rows) {
  rows.push_back(words({"mail", "sender_address", "Who mails are from."}, "a mail address", is_sender,
                       [](auto& s) -> auto& { return s.mail.sender_address; }));
  rows.push_back(words({"mail", "sender_name", "What he is called."}, "up to 100 characters in one line", is_name,
                       [](auto& s) -> auto& { return s.mail.sender_name; }));
  rows.push_back(words({"mail", "link_base",
                        "Where your pages for users are; the buttons in mails lead there (docs/mail.md has the paths). "
                        "Empty: mails have no buttons."},
                       "empty, or such as https://pay.example", is_link,
                       [](auto& s) -> auto& { return s.mail.link_base; }));
  rows.push_back(choice<MoneyNotices>(
      {"mail", "money_notices",
       "Whether users with a verified address are told of what happens with their money and wallets. Every notice is a "
       "row in database 0, so by default only when there is a mail server to send it."},
      {{"with_server", MoneyNotices::with_server}, {"always", MoneyNotices::always}, {"never", MoneyNotices::never}},
      [](auto& s) -> auto& { return s.mail.money_notices; }));
}

void add_patience(Rows& rows) {
  rows.push_back(number({"mail", "senders",
                         "Mails that this node hands over at the same time: a thread, a connection to the mail server "
                         "and one to database 0 each. Mails with codes go before all others."},
                        "mails", 1, 64, [](auto& s) -> auto& { return s.mail.senders; }));
  rows.push_back(number({"mail", "most_waiting",
                         "While so many mails wait, no notices about money are written, only counted "
                         "(dompet_email_left_out_total): the room of the database is for money, and notices that are "
                         "so late are of little use. Codes and what concerns accounts are always written."},
                        "mails", 0, 10'000'000, [](auto& s) -> auto& { return s.mail.most_waiting; }));
  rows.push_back(number({"mail", "poll_ms", "How often this node looks for mails when there were none."},
                        "milliseconds", 10, 60'000, [](auto& s) -> auto& { return s.mail.poll; }));
  rows.push_back(number({"mail", "first_pause_ms",
                         "How long after its first attempt a mail is tried again; then twice as long each time."},
                        "milliseconds", 10, 3'600'000, [](auto& s) -> auto& { return s.mail.first_pause; }));
  rows.push_back(number({"mail", "longest_pause_ms", "How long at most."}, "milliseconds", 10, 86'400'000,
                        [](auto& s) -> auto& { return s.mail.longest_pause; }));
  rows.push_back(number({"mail", "give_up_days",
                         "How long a mail is tried. Afterwards it is kept as failed, and staff can have it tried "
                         "again (POST /v1/mails/{id}/retry)."},
                        "days", 1, 30, [](auto& s) -> auto& { return s.mail.give_up_days; }));
  rows.push_back(number({"mail", "keep_days",
                         "How long it is remembered which mails were sent and which failed, and how old files in "
                         "var/mail become. What mails say is wiped from the database when they are sent."},
                        "days", 1, 3'650, [](auto& s) -> auto& { return s.mail.keep_days; }));
}

}  // namespace

void add_mail(Rows& rows) {
  add_smtp(rows);
  add_letters(rows);
  add_patience(rows);
}

}  // namespace dompet::rows
