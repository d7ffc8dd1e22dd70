#pragma once

#include <string>

#include "http/settings.hpp"
#include "persistence/identity_store.hpp"

namespace dompet::http {

// What is sent to an address, so that whoever reads its mail can prove it. Any thread.

/// 256 random bits as text, which nobody guesses: a code, a refresh token. Only its hash is stored.
std::string random_secret();

/// For POST /v1/auth/verify-email.
MailedCode verification_for(const std::string& recipient, const IdentitySettings& settings);
/// For POST /v1/auth/reset-password.
MailedCode password_reset_for(const std::string& recipient, const IdentitySettings& settings);

}  // namespace dompet::http
