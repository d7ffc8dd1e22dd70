#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "http/access/access.hpp"
#include "http/access/password_pool.hpp"
#include "http/settings.hpp"
#include "persistence/vault.hpp"

namespace dompet {
class Reader;
}

namespace dompet::http {

/// How the database of users is reached.
struct IdentityDatabase {
  /// For the channel on which nodes hear of changes: libpq connection string or URL, and what to call the connection.
  std::string url{};
  std::string application_name{};
  std::function<std::unique_ptr<Reader>()> reader{};
};

/// What identity needs beside the io thread: the vault, the pool for passwords, and a thread that hears of revocations
/// and changed roles, and keeps the signing keys young. Made by main before the front, and outlives it.
class Identity {
 public:
  /// Reads everything that Access must know, and makes the first signing key. Throws std::runtime_error with a whole
  /// sentence when this node cannot serve so.
  Identity(const IdentitySettings& settings, Vault& vault, IdentityDatabase database);
  ~Identity();
  Identity(const Identity&) = delete;

  /// From now on news is given to `tell`, on the identity thread.
  void start(std::function<void(AccessUpdate)> tell);
  /// Ends the thread. Nothing is told any more.
  void stop();

  /// What was known at the start.
  AccessUpdate first_news() const;

  const IdentitySettings& settings() const;
  Vault& vault();
  PasswordPool& passwords();

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace dompet::http
