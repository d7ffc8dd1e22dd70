#include "persistence/administrator.hpp"

#include <chrono>
#include <stdexcept>

#include "persistence/identity_store.hpp"
#include "persistence/passwords.hpp"
#include "persistence/vault.hpp"

namespace dompet {

namespace {

constexpr std::size_t shortest_password = 8;

Uuid new_id() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::array<std::uint8_t, 10> random{};
  const std::string bytes = random_bytes(random.size());
  std::ranges::copy(bytes, random.begin());
  return make_uuid_v7(std::chrono::duration_cast<std::chrono::milliseconds>(now).count(), random);
}

}  // namespace

bool has_administrator(Reader& reader) { return IdentityStore(reader).has_administrator(); }

void make_administrator(Reader& reader, const std::string& email, const std::string& password) {
  if (!email.contains('@') || password.size() < shortest_password)
    throw std::runtime_error(
        "The first administrator needs an e-mail address and a password of at least 8 characters.");
  const Uuid id = new_id();
  const NewUser user{id, "administrator", "First", "Administrator", email, hash_password(password)};
  IdentityStore store(reader);
  const Taken taken = store.add(user, {"administrator"}, std::nullopt);
  // Another node was faster, or somebody else has the name.
  if (taken != Taken::nothing && !store.has_administrator())
    throw std::runtime_error(
        "There is a user with the name or the e-mail address of the first administrator, but he is "
        "none; choose another address.");
}

std::string random_password() {
  std::string password = base64url(random_bytes(18));
  for (char& letter : password)
    if (letter == '-' || letter == '_')
      letter = 'x';
  return password;
}

}  // namespace dompet
