#include "persistence/passwords.hpp"

#include <sodium.h>

#include <stdexcept>

#include "persistence/vault.hpp"

namespace dompet {

std::string hash_password(std::string_view password) {
  char hash[crypto_pwhash_STRBYTES]{};
  if (crypto_pwhash_str_alg(hash, password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0)
    throw std::runtime_error("There is not enough memory to hash a password.");
  return hash;
}

bool is_password(std::string_view hash, std::string_view password) {
  return crypto_pwhash_str_verify(std::string{hash}.c_str(), password.data(), password.size()) == 0;
}

const std::string& nobodys_password_hash() {
  static const std::string hash = hash_password(random_bytes(32));
  return hash;
}

}  // namespace dompet
