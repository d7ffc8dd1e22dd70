#include "config/setting_rows.hpp"

namespace dompet::rows {

namespace {

bool is_issuer(std::string_view text) {
  return !text.empty() && text.size() <= 200 && text.find_first_of(std::string_view{" \0", 2}) == text.npos;
}

bool is_email_address(std::string_view text) {
  return text.empty() || (text.contains('@') && text.size() <= 254 && is_any_text(text));
}

void add_tokens(Rows& rows) {
  rows.push_back(words({"identity", "issuer",
                        "Who tokens say they are from (`iss`). Another name for each ledger, such as its address, so "
                        "that a token of one is none of another."},
                       "1 to 200 characters without spaces", is_issuer,
                       [](auto& s) -> auto& { return s.http.identity.issuer; }));
  rows.push_back(number({"identity", "access_token_s",
                         "How long an access token lives. What was revoked is remembered for so long, and a node that "
                         "cannot hear of revocations accepts a token for so long at most."},
                        "seconds", 10, 86'400, [](auto& s) -> auto& { return s.http.identity.access_token; }));
  rows.push_back(number({"identity", "refresh_token_s",
                         "How long a refresh token lives: who does not come back for so long logs in again."},
                        "seconds", 60, 31'536'000, [](auto& s) -> auto& { return s.http.identity.refresh_token; }));
  rows.push_back(number({"identity", "key_rotation_days",
                         "After how long tokens are signed with a new key. The old one stays at "
                         "/.well-known/jwks.json until the last token that it signed is over."},
                        "days", 1, 3'650, [](auto& s) -> auto& { return s.http.identity.key_rotation_days; }));
  rows.push_back(words({"identity", "key_file",
                        "The keys that signing keys and card numbers are sealed with. Made at the first start, mode "
                        "600. Without it what was sealed is lost: keep a copy. The same file on every node of a "
                        "cluster. Empty: keys/dompet.keys in the var directory."},
                       "the path of a file", is_any_text, [](auto& s) -> auto& { return s.http.identity.key_file; }));
}

void add_logins(Rows& rows) {
  rows.push_back(number({"identity", "code_s", "How long a mailed code can be used."}, "seconds", 1, 604'800,
                        [](auto& s) -> auto& { return s.http.identity.code; }));
  rows.push_back(number({"identity", "failures_per_account", "Failed logins that lock an account for logins."},
                        "logins", 1, 1'000, [](auto& s) -> auto& { return s.http.identity.failures_per_account; }));
  rows.push_back(number({"identity", "failures_per_address",
                         "Failed logins, to whatever accounts, that lock an address for logins. More than for an "
                         "account, since many people can share an address."},
                        "logins", 1, 1'000'000, [](auto& s) -> auto& { return s.http.identity.failures_per_address; }));
  rows.push_back(number({"identity", "lock_s", "How long they are locked, and how old failures still count."},
                        "seconds", 1, 86'400, [](auto& s) -> auto& { return s.http.identity.lock; }));
  rows.push_back(number({"identity", "hash_queue",
                         "Passwords that may wait for the one thread that hashes them, at some 60 ms each; more "
                         "logins are turned away with 503."},
                        "passwords", 1, 10'000, [](auto& s) -> auto& { return s.http.identity.hash_queue; }));
}

void add_administrator(Rows& rows) {
  rows.push_back(words({"admin", "email",
                        "With a password: the first administrator, made at the start when there is none yet. "
                        "`dompetctl init` does the same."},
                       "an e-mail address", is_email_address, [](auto& s) -> auto& { return s.administrator.email; }));
  rows.push_back(hidden(words({"admin", "password", "His password. Only looked at when there is no administrator yet."},
                              "a text", is_any_text, [](auto& s) -> auto& { return s.administrator.password; })));
}

}  // namespace

void add_identity(Rows& rows) {
  add_tokens(rows);
  add_logins(rows);
  add_administrator(rows);
}

}  // namespace dompet::rows
