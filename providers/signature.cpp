#include "providers/signature.hpp"

#include <sodium.h>

#include <array>
#include <charconv>
#include <optional>

namespace dompet {

namespace {

constexpr std::string_view version = "v1,";

std::optional<std::int64_t> seconds(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size() || text.empty() || value < 0)
    return std::nullopt;
  return value;
}

std::string signature_of(std::string_view secret, std::string_view id, std::string_view timestamp,
                         std::string_view body) {
  crypto_auth_hmacsha256_state state;
  const auto add = [&state](std::string_view text) {
    crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  };
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  add(id);
  add(".");
  add(timestamp);
  add(".");
  add(body);
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> digest{};
  crypto_auth_hmacsha256_final(&state, digest.data());
  std::string text(sodium_base64_ENCODED_LEN(digest.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), digest.data(), digest.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // the terminating zero
  text.insert(0, version);
  return text;
}

bool is_same(std::string_view left, std::string_view right) {
  return left.size() == right.size() && sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace

std::optional<std::string> signing_key(std::string_view secret) {
  constexpr std::string_view prefix = "whsec_";
  if (!secret.starts_with(prefix))
    return std::string{secret};
  secret.remove_prefix(prefix.size());
  std::string key(secret.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(key.data()), key.size(), secret.data(), secret.size(), nullptr,
                        &size, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != secret.data() + secret.size() || size == 0)
    return std::nullopt;
  key.resize(size);
  return key;
}

std::string sign_callback(std::string_view secret, std::string_view id, std::int64_t at_s, std::string_view body) {
  return signature_of(secret, id, std::to_string(at_s), body);
}

CallbackFault fault_of(std::string_view secret, const SignedCallback& callback, std::int64_t now_s) {
  const auto at = seconds(callback.timestamp);
  if (secret.empty() || callback.id.empty() || callback.signature.empty() || !at)
    return CallbackFault::unsigned_;
  const std::string expected = signature_of(secret, callback.id, callback.timestamp, callback.body);
  bool is_ours = false;
  std::string_view rest = callback.signature;
  while (!rest.empty()) {
    const std::size_t space = rest.find(' ');
    is_ours |= is_same(rest.substr(0, space), expected);
    rest = space == rest.npos ? std::string_view{} : rest.substr(space + 1);
  }
  if (!is_ours)
    return CallbackFault::forged;
  const bool is_fresh = *at >= now_s - callback_tolerance_s && *at <= now_s + callback_tolerance_s;
  return is_fresh ? CallbackFault::none : CallbackFault::too_old;
}

}  // namespace dompet
