#pragma once

#include <string>

#include "http/settings.hpp"
#include "persistence/identity_store.hpp"

namespace dompet::http {

// What is sent to an address, so that whoever reads its mail can prove it. Any thread.

/// 256 random bits as text, which nobody guesses: a code, a refresh token. Only its hash is stored.
std::string random_secret();

/// For POST /v1/auth/verify-email: of a new account, and of one with another address or without a good code.
MailedCode welcome_for(const std::string& recipient, const Settings& settings);
MailedCode verification_for(const std::string& recipient, const Settings& settings);
/// For POST /v1/auth/reset-password.
MailedCode password_reset_for(const std::string& recipient, const Settings& settings);

}  // namespace dompet::http
