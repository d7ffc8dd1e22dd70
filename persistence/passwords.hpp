#pragma once

#include <string>
#include <string_view>

namespace dompet {

// Passwords are kept as argon2id in libsodium's text form, which carries its own salt and costs. Either call takes some
// 60 ms of a processor and 64 MiB of memory, on purpose: never on a thread that others wait for.

std::string hash_password(std::string_view password);
bool is_password(std::string_view hash, std::string_view password);

/// A hash that no password has, for accounts that do not exist: comparing with it takes as long.
const std::string& nobodys_password_hash();

}  // namespace dompet
