#pragma once

#include <string>
#include <string_view>

namespace dompet {

// What text becomes in a mail, where lines are short and letters are ASCII (RFC 2045, RFC 2047). Pure; any thread.
// Texts are UTF-8; what is none is carried as the bytes that it has.

/// The text with spaces for its control characters, line ends among them.
std::string one_line(std::string_view text);

/// A body as quoted-printable: lines of at most 76 characters, ended by CRLF whatever ended them before. No line begins
/// with a dot, nor with "From ".
std::string quoted_printable(std::string_view text);

/// The value of a header such as Subject, without its name: one line, folded, so that it cannot begin another
/// header. What ASCII cannot say, or a line of 76 cannot hold, becomes encoded words. `name_length` is how much of the
/// first line the header's name takes.
std::string header_text(std::string_view text, std::size_t name_length);

/// A name before an address: as it is, in quotes, or encoded. Empty stays empty.
std::string display_name(std::string_view name);

/// Whether it is one address that a header and an envelope can carry: something, an @, something; no space, control
/// character, bracket, comma or quote in it, and at most 254 bytes.
bool is_mail_address(std::string_view text);

}  // namespace dompet
