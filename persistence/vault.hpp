#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dompet {

/// Keeps secrets that the database must hold but not know: card numbers, private signing keys. The keys are in a file
/// of this machine, which only its owner may read; every node of a cluster needs the same file. What was sealed is
/// bound to its key and cannot be changed unseen (libsodium's secretbox).
///
/// The file holds several sealing keys: the last one seals, all of them unseal, so that `dompetctl keys rotate` loses
/// nothing. When something was sealed with a key that is not known here, the file is read again first. Any thread.
class Vault {
 public:
  /// Reads the file; makes it, with fresh keys and mode 600, when there is none. Throws std::runtime_error with a
  /// whole sentence when it cannot be read, is no key file, or others than its owner may read it and
  /// `must_be_private`.
  static Vault open(const std::filesystem::path& file, bool must_be_private = true);
  ~Vault();
  Vault(Vault&&) noexcept;

  /// The bytes to store: key id, nonce, box. Different each time.
  std::string seal(std::string_view plain) const;
  /// Nothing when it was sealed with a key that the file does not hold, or was changed.
  std::optional<std::string> unseal(std::string_view sealed) const;
  /// 32 bytes, always the same for the same text, also after a rotation; nobody without the file can compute them.
  std::string keyed_hash(std::string_view text) const;
  /// For CVVs and the like: 32 bytes for a purpose ("cvv") and a text.
  std::string keyed_hash(std::string_view purpose, std::string_view text) const;

  /// Adds a sealing key to the file. Returns its id. Those who have it open seal with it from their next start on.
  static std::string rotate(const std::filesystem::path& file);

 private:
  struct Keys;
  struct Shared;
  explicit Vault(std::unique_ptr<Shared> shared);

  std::unique_ptr<Shared> shared_;
};

/// Whether others than the owner may read or write the file.
bool is_open_to_others(const std::filesystem::path& file);

/// From the kernel.
std::string random_bytes(std::size_t count);
/// SHA-256.
std::string sha256(std::string_view text);
/// RFC 4648 section 4: the form of secrets that others' programs read.
std::string base64(std::string_view bytes);
/// RFC 4648 section 5, without padding: the form of tokens and codes.
std::string base64url(std::string_view bytes);
/// Nothing when the text is not in that form.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace dompet
