#pragma once

#include <cstdint>
#include <string>

namespace dompet {

/// A mail to one recipient, as text and as HTML that says the same.
struct MailMessage {
  /// Of the mail for good, so that whoever gets it twice can see that it is the same: "<id>@<host>" without brackets.
  std::string id{};
  std::string sender_name{};
  std::string sender_address{};
  std::string recipient{};
  std::string subject{};
  std::string text{};
  /// Empty: the mail is text only.
  std::string html{};
  /// When it was written, milliseconds since 1970.
  std::int64_t at_ms = 0;
};

/// The message as RFC 5322 has it, with CRLF: equal for equal mails, byte for byte, and ASCII as far as the
/// addresses are. Whatever stands in a member, it gets neither a header nor a part of its own. Pure; any thread.
std::string compose(const MailMessage& mail);

}  // namespace dompet
