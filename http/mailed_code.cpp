#include "http/mailed_code.hpp"

#include <string_view>

#include "notices/letters.hpp"
#include "persistence/vault.hpp"

namespace dompet::http {

namespace {

constexpr std::size_t secret_bytes = 32;

MailedCode mailed(std::string_view kind, const std::string& recipient, const Settings& settings) {
  const std::string code = random_secret();
  return {sha256(code), settings.identity.code.count(), code_mail(kind, recipient, code, settings.link_base)};
}

}  // namespace

std::string random_secret() { return base64url(random_bytes(secret_bytes)); }

MailedCode welcome_for(const std::string& recipient, const Settings& settings) {
  return mailed("registered", recipient, settings);
}

MailedCode verification_for(const std::string& recipient, const Settings& settings) {
  return mailed("verify_email", recipient, settings);
}

MailedCode password_reset_for(const std::string& recipient, const Settings& settings) {
  return mailed("password_reset", recipient, settings);
}

}  // namespace dompet::http
