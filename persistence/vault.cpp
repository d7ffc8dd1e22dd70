#include "persistence/vault.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "domain/ensure.hpp"

namespace dompet {

namespace {

// The file is text: a first line that says what it is, then a line for each key, in hexadecimal.
//   hash <key>          for keyed_hash, never replaced
//   seal <id> <key>     the last one seals
constexpr std::string_view first_line = "dompet keys 1";
constexpr std::size_t id_bytes = 4;

static_assert(crypto_secretbox_KEYBYTES == 32 && crypto_generichash_BYTES == 32);

const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void use_sodium() { ensure(sodium_init() >= 0, "libsodium works on this machine"); }

std::string hex(std::string_view bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), raw(bytes), bytes.size());
  text.pop_back();
  return text;
}

std::string unhex(const std::string& text, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t length = 0;
  if (sodium_hex2bin(raw(bytes), bytes.size(), text.data(), text.size(), nullptr, &length, nullptr) != 0 ||
      length != size || text.size() != 2 * size)
    return {};
  return bytes;
}

std::string fresh_seal_line() {
  std::string line = "seal ";
  return line.append(hex(random_bytes(id_bytes))).append(" ").append(hex(random_bytes(crypto_secretbox_KEYBYTES))) +
         '\n';
}

std::runtime_error cannot(const std::string& what, const std::filesystem::path& file) {
  return std::runtime_error("Cannot " + what + " the key file " + file.string() + ": " + std::strerror(errno) + '.');
}

void write_private(const std::filesystem::path& file, std::string_view text) {
  const int handle = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (handle < 0)
    throw cannot("write", file);
  const bool written = ::write(handle, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool kept = written && ::fsync(handle) == 0;
  ::close(handle);
  if (!kept)
    throw cannot("write", file);
}

std::filesystem::path beside(const std::filesystem::path& file) {
  return file.string() + '.' + std::to_string(::getpid()) + ".new";
}

/// Two that start at the same moment end up with one file: a link does not replace.
void make(const std::filesystem::path& file) {
  std::error_code ignored;
  std::filesystem::create_directories(file.parent_path(), ignored);
  const std::filesystem::path fresh = beside(file);
  std::string text{first_line};
  text.append("\nhash ").append(hex(random_bytes(crypto_generichash_KEYBYTES))).append("\n").append(fresh_seal_line());
  write_private(fresh, text);
  const bool linked = ::link(fresh.c_str(), file.c_str()) == 0 || errno == EEXIST;
  const int fault = errno;
  ::unlink(fresh.c_str());
  errno = fault;
  if (!linked)
    throw cannot("make", file);
}

std::string read_whole(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in)
    throw cannot("read", file);
  return text.str();
}

}  // namespace

struct Vault::Keys {
  std::string hash{};
  /// By id.
  std::map<std::string, std::string> seals{};
  std::string current{};

  static Keys read(const std::filesystem::path& file) {
    std::istringstream lines(read_whole(file));
    std::string line;
    Keys keys;
    const auto refuse = [&] { throw std::runtime_error(file.string() + " is not a key file of Dompet."); };
    if (!std::getline(lines, line) || line != first_line)
      refuse();
    while (std::getline(lines, line)) {
      std::istringstream words(line);
      std::string kind;
      std::string id;
      std::string key;
      words >> kind;
      if (kind == "hash" && words >> key) {
        keys.hash = unhex(key, crypto_generichash_KEYBYTES);
      } else if (kind == "seal" && words >> id >> key) {
        keys.current = unhex(id, id_bytes);
        keys.seals[keys.current] = unhex(key, crypto_secretbox_KEYBYTES);
        if (keys.current.empty() || keys.seals[keys.current].empty())
          refuse();
      } else {
        refuse();
      }
    }
    if (keys.hash.empty() || keys.seals.empty())
      refuse();
    return keys;
  }
};

struct Vault::Shared {
  std::filesystem::path file{};
  std::mutex guard{};
  Keys keys{};

  std::optional<std::string> key(const std::string& id) {
    const std::lock_guard lock(guard);
    if (!keys.seals.contains(id)) {
      try {
        keys = Keys::read(file);
      } catch (const std::exception&) {
        return std::nullopt;
      }
    }
    const auto found = keys.seals.find(id);
    return found == keys.seals.end() ? std::nullopt : std::optional{found->second};
  }
};

Vault::Vault(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}
Vault::~Vault() = default;
Vault::Vault(Vault&&) noexcept = default;

Vault Vault::open(const std::filesystem::path& file, bool must_be_private) {
  use_sodium();
  if (!std::filesystem::exists(file))
    make(file);
  if (must_be_private && is_open_to_others(file))
    throw std::runtime_error("Others than its owner may read the key file " + file.string() + "; run `chmod 600 " +
                             file.string() + "`, and find out who has read it.");
  auto shared = std::make_unique<Shared>();
  shared->file = file;
  shared->keys = Keys::read(file);
  return Vault(std::move(shared));
}

std::string Vault::seal(std::string_view plain) const {
  std::string id;
  std::string key;
  {
    const std::lock_guard lock(shared_->guard);
    id = shared_->keys.current;
    key = shared_->keys.seals.at(id);
  }
  const std::string nonce = random_bytes(crypto_secretbox_NONCEBYTES);
  std::string box(plain.size() + crypto_secretbox_MACBYTES, '\0');
  crypto_secretbox_easy(raw(box), raw(plain), plain.size(), raw(nonce), raw(key));
  return id + nonce + box;
}

std::optional<std::string> Vault::unseal(std::string_view sealed) const {
  constexpr std::size_t least = id_bytes + crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  if (sealed.size() < least)
    return std::nullopt;
  const auto key = shared_->key(std::string{sealed.substr(0, id_bytes)});
  if (!key)
    return std::nullopt;
  const std::string_view nonce = sealed.substr(id_bytes, crypto_secretbox_NONCEBYTES);
  const std::string_view box = sealed.substr(id_bytes + crypto_secretbox_NONCEBYTES);
  std::string plain(box.size() - crypto_secretbox_MACBYTES, '\0');
  if (crypto_secretbox_open_easy(raw(plain), raw(box), box.size(), raw(nonce), raw(*key)) != 0)
    return std::nullopt;
  return plain;
}

std::string Vault::keyed_hash(std::string_view text) const { return keyed_hash({}, text); }

std::string Vault::keyed_hash(std::string_view purpose, std::string_view text) const {
  std::string whole{purpose};
  whole.push_back('\0');
  whole.append(text);
  std::string hash(crypto_generichash_BYTES, '\0');
  const std::lock_guard lock(shared_->guard);
  crypto_generichash(raw(hash), hash.size(), raw(std::string_view{whole}), whole.size(), raw(shared_->keys.hash),
                     shared_->keys.hash.size());
  return hash;
}

std::string Vault::rotate(const std::filesystem::path& file) {
  use_sodium();
  Keys::read(file);
  const std::string line = fresh_seal_line();
  const std::filesystem::path fresh = beside(file);
  write_private(fresh, read_whole(file) + line);
  if (::rename(fresh.c_str(), file.c_str()) != 0)
    throw cannot("replace", file);
  return line.substr(5, 2 * id_bytes);
}

bool is_open_to_others(const std::filesystem::path& file) {
  struct stat found{};
  return ::stat(file.c_str(), &found) == 0 && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

std::string random_bytes(std::size_t count) {
  use_sodium();
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

std::string sha256(std::string_view text) {
  std::string hash(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(raw(hash), raw(text), text.size());
  return hash;
}

namespace {

std::string in_base64(std::string_view bytes, int form) {
  std::string text(sodium_base64_encoded_len(bytes.size(), form), '\0');
  sodium_bin2base64(text.data(), text.size(), raw(bytes), bytes.size(), form);
  text.pop_back();
  return text;
}

}  // namespace

std::string base64(std::string_view bytes) { return in_base64(bytes, sodium_base64_VARIANT_ORIGINAL); }

std::string base64url(std::string_view bytes) { return in_base64(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING); }

std::optional<std::string> from_base64url(std::string_view text) {
  constexpr int form = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string bytes(text.size(), '\0');
  std::size_t length = 0;
  if (sodium_base642bin(raw(bytes), bytes.size(), text.data(), text.size(), nullptr, &length, nullptr, form) != 0)
    return std::nullopt;
  bytes.resize(length);
  return bytes;
}

}  // namespace dompet
