#include "outbound/mail_message.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "outbound/mail_encoding.hpp"

namespace dompet {

namespace {

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

/// RFC 5322 3.3: "Sat, 21 Nov 2026 02:33:26 +0000".
std::string date_of(std::int64_t unix_ms) {
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds{unix_ms}};
  const auto day = floor<std::chrono::days>(at);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(at - day)};
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d +0000", days[weekday{day}.c_encoding()],
                static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                static_cast<int>(date.year()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return text.data();
}

void append_part(std::string& out, std::string_view type, std::string_view content) {
  append_header(out, "Content-Type", std::string{type}.append("; charset=utf-8"));
  append_header(out, "Content-Transfer-Encoding", "quoted-printable");
  out.append("\r\n").append(quoted_printable(content));
}

/// No line of quoted-printable can hold "=_" (RFC 2045 6.7), so no content can end its part.
std::string boundary_of(const MailMessage& mail) {
  std::string boundary = "=_";
  for (const char letter : mail.id.substr(0, mail.id.find('@')))
    if ((letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || letter == '-')
      boundary += letter;
  return boundary;
}

}  // namespace

std::string compose(const MailMessage& mail) {
  std::string out;
  const std::string name = display_name(mail.sender_name);
  const std::string address = one_line(mail.sender_address);
  append_header(out, "From", name.empty() ? address : name + " <" + address + '>');
  append_header(out, "To", one_line(mail.recipient));
  append_header(out, "Subject", header_text(mail.subject, std::string_view{"Subject: "}.size()));
  append_header(out, "Date", date_of(mail.at_ms));
  append_header(out, "Message-ID", "<" + one_line(mail.id) + ">");
  // So that nobody's absence note is sent back (RFC 3834).
  append_header(out, "Auto-Submitted", "auto-generated");
  append_header(out, "MIME-Version", "1.0");
  if (mail.html.empty()) {
    append_part(out, "text/plain", mail.text);
    return out;
  }
  const std::string boundary = boundary_of(mail);
  std::string type = "multipart/alternative; boundary=\"";
  append_header(out, "Content-Type", type.append(boundary).append("\""));
  out.append("\r\n--").append(boundary).append("\r\n");
  append_part(out, "text/plain", mail.text);
  out.append("\r\n--").append(boundary).append("\r\n");
  append_part(out, "text/html", mail.html);
  out.append("\r\n--").append(boundary).append("--\r\n");
  return out;
}

}  // namespace dompet
