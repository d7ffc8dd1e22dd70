#include <catch2/catch_test_macros.hpp>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "persistence/passwords.hpp"
#include "persistence/vault.hpp"
#include "tests/unit/scratch.hpp"

using namespace dompet;

namespace {

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("what was sealed is read again, also by another process with the same file") {
  const scratch::Directory scratch;
  const auto file = scratch.path() / "keys" / "dompet.keys";
  const Vault vault = Vault::open(file);
  const std::string sealed = vault.seal("4000001234567899");
  CHECK(!sealed.contains("4000001234567899"));
  CHECK(vault.seal("4000001234567899") != sealed);
  CHECK(vault.unseal(sealed) == "4000001234567899");
  CHECK(Vault::open(file).unseal(sealed) == "4000001234567899");
  CHECK(vault.unseal(vault.seal("")) == "");
}

TEST_CASE("what was changed, cut or sealed elsewhere is not read") {
  const scratch::Directory scratch;
  const Vault vault = Vault::open(scratch.path() / "one");
  const std::string sealed = vault.seal("a secret");
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CHECK(!vault.unseal(changed));
    CHECK(!vault.unseal(sealed.substr(0, at)));
  }
  CHECK(!Vault::open(scratch.path() / "other").unseal(sealed));
}

TEST_CASE("a rotation loses nothing: the old key reads, the new one seals, hashes stay") {
  const scratch::Directory scratch;
  const auto file = scratch.path() / "keys";
  const Vault before = Vault::open(file);
  const std::string old_box = before.seal("old");
  Vault::rotate(file);
  const Vault after = Vault::open(file);
  const std::string new_box = after.seal("new");
  CHECK(after.unseal(old_box) == "old");
  CHECK(new_box.substr(0, 4) != old_box.substr(0, 4));
  // Whoever had the file open before reads it again.
  CHECK(before.unseal(new_box) == "new");
  CHECK(before.keyed_hash("4000001234567899") == after.keyed_hash("4000001234567899"));
}

TEST_CASE("a keyed hash is of its text, its purpose and its file") {
  const scratch::Directory scratch;
  const Vault vault = Vault::open(scratch.path() / "one");
  CHECK(vault.keyed_hash("a").size() == 32);
  CHECK(vault.keyed_hash("a") == vault.keyed_hash("a"));
  CHECK(vault.keyed_hash("a") != vault.keyed_hash("b"));
  CHECK(vault.keyed_hash("cvv", "a") != vault.keyed_hash("number", "a"));
  CHECK(vault.keyed_hash("a") != Vault::open(scratch.path() / "other").keyed_hash("a"));
}

TEST_CASE("only its owner may read a key file") {
  const scratch::Directory scratch;
  const auto file = scratch.path() / "keys";
  Vault::open(file);
  CHECK(!is_open_to_others(file));
  ::chmod(file.c_str(), 0640);
  CHECK(is_open_to_others(file));
  CHECK_THROWS_AS(Vault::open(file), std::runtime_error);
  CHECK_NOTHROW(Vault::open(file, false));
  Vault::rotate(file);
  CHECK(!is_open_to_others(file));
}

TEST_CASE("a file that is no key file is refused and left alone") {
  const scratch::Directory scratch;
  const auto file = scratch.path() / "keys";
  for (const char* text : {"", "hello", "dompet keys 1\n", "dompet keys 1\nhash 00\n", "dompet keys 1\nseal x y\n"}) {
    std::ofstream(file) << text;
    ::chmod(file.c_str(), 0600);
    CHECK_THROWS_AS(Vault::open(file), std::runtime_error);
    CHECK(contents(file) == text);
  }
}

TEST_CASE("tokens are written in base64url and nothing else is read as one") {
  CHECK(base64url("\xff\xfe\xfd") == "__79");
  CHECK(from_base64url("__79") == "\xff\xfe\xfd");
  CHECK(from_base64url(base64url(std::string(33, '\0'))) == std::string(33, '\0'));
  for (const char* text : {"__79=", "//79", "__7", "a b", "!"})
    CHECK(from_base64url(text).value_or("") != "\xff\xfe\xfd");
}

TEST_CASE("a password is known again by its hash, and no other is") {
  const std::string hash = hash_password("correct horse");
  CHECK(hash.starts_with("$argon2id$"));
  CHECK(hash != hash_password("correct horse"));
  CHECK(is_password(hash, "correct horse"));
  for (const char* other : {"", "correct hors", "correct horse ", "Correct horse"})
    CHECK(!is_password(hash, other));
  CHECK(!is_password("", "correct horse"));
}
