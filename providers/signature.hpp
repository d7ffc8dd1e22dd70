#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dompet {

// Callbacks are signed as Standard Webhooks does it: HMAC-SHA256 over "<id>.<timestamp>.<body>" with a secret that both
// sides know, in the headers webhook-id, webhook-timestamp (seconds since 1970) and webhook-signature ("v1,<base64>",
// several separated by spaces while a secret is changed).

/// How far a timestamp may be from our clock, either way. Within it a callback that comes again is taken again: what it
/// says changes nothing the second time.
inline constexpr std::int64_t callback_tolerance_s = 300;

struct SignedCallback {
  std::string_view id{};
  std::string_view timestamp{};
  std::string_view signature{};
  std::string_view body{};
};

enum class CallbackFault : std::uint8_t { none, unsigned_, too_old, forged };

/// The bytes to sign with: what "whsec_<base64>" stands for, and any other text as it is. Nothing when the base64 is
/// none.
std::optional<std::string> signing_key(std::string_view secret);

/// "v1,<base64>".
std::string sign_callback(std::string_view secret, std::string_view id, std::int64_t at_s, std::string_view body);

/// Whether the callback is what somebody with the secret said, lately. An empty secret accepts nothing. The comparison
/// takes the same time wherever the first difference is.
CallbackFault fault_of(std::string_view secret, const SignedCallback& callback, std::int64_t now_s);

}  // namespace dompet
