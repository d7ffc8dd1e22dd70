#include "http/mailed_code.hpp"

#include <utility>

#include "persistence/audit_log.hpp"
#include "persistence/vault.hpp"

namespace dompet::http {

namespace {

constexpr std::size_t secret_bytes = 32;

/// `before`, the code, `after`.
MailedCode mailed(const std::string& recipient, const IdentitySettings& settings, std::string subject,
                  const char* before, const char* after) {
  const std::string code = random_secret();
  std::string body = before;
  body.append("\n\n").append(code).append("\n\n").append(after);
  return {sha256(code), settings.code.count(), {make_row_id(), recipient, std::move(subject), std::move(body)}};
}

}  // namespace

std::string random_secret() { return base64url(random_bytes(secret_bytes)); }

MailedCode verification_for(const std::string& recipient, const IdentitySettings& settings) {
  return mailed(recipient, settings, "Confirm your e-mail address",
                "This address was given for an account at Dompet. Your code is",
                "Send it to POST /v1/auth/verify-email as {\"code\": …}. If it was not you, do nothing.");
}

MailedCode password_reset_for(const std::string& recipient, const IdentitySettings& settings) {
  return mailed(recipient, settings, "Reset your password",
                "Somebody, hopefully you, wants a new password for your account. The token is",
                "Send it to POST /v1/auth/reset-password with the new password. If it was not you, do nothing.");
}

}  // namespace dompet::http
