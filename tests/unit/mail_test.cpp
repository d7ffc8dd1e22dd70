#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "outbound/mail_encoding.hpp"
#include "outbound/mail_message.hpp"

using namespace dompet;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find("\r\n", begin);
    REQUIRE(end != text.npos);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 2;
  }
  return lines;
}

/// As RFC 2045 6.7 reads it; line ends become '\n'.
std::string decoded(const std::string& quoted) {
  std::string text;
  for (std::string line : lines_of(quoted)) {
    const bool goes_on = line.ends_with('=');
    if (goes_on)
      line.pop_back();
    for (std::size_t i = 0; i < line.size(); ++i)
      if (line[i] == '=') {
        text += static_cast<char>(std::stoi(line.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        text += line[i];
      }
    if (!goes_on)
      text += '\n';
  }
  return text;
}

/// The value of a header of the message's head, unfolded.
std::string header(const std::string& message, const std::string& name) {
  std::string value;
  bool is_in = false;
  for (const std::string& line : lines_of(message.substr(0, message.find("\r\n\r\n") + 2))) {
    if (is_in && line.starts_with(' ')) {
      value += line;
      continue;
    }
    is_in = line.starts_with(name + ": ");
    if (is_in)
      value = line.substr(name.size() + 2);
  }
  return value;
}

std::vector<std::string> header_names(const std::string& message) {
  std::vector<std::string> names;
  for (const std::string& line : lines_of(message.substr(0, message.find("\r\n\r\n") + 2)))
    if (!line.starts_with(' '))
      names.push_back(line.substr(0, line.find(':')));
  return names;
}

const std::vector<std::string> awkward{
    "",
    "one line",
    "one\ntwo\r\nthree\rfour",
    ".\n..\n.hidden dot",
    "From me to you\n>From me",
    "blanks at the end  \nand a tab\t",
    "100 % = all of it, =3D is no secret",
    "Überraschung für Łukasz: 25 € 🍜🍜🍜",
    std::string(500, 'x'),
    std::string(74, 'x').append("🍜").append(74, '.').append("From here"),
    std::string(75, 'x').append("\n").append(76, 'y').append("\n").append(77, 'z'),
    std::string(75, 'x').append("."),
    "control \x01\x7F and no UTF-8 \xFF\xFE",
};

}  // namespace

TEST_CASE("whatever a body says, it arrives as it was written, on short lines of ASCII", "[mail]") {
  for (const std::string& text : awkward) {
    INFO(text);
    const std::string quoted = quoted_printable(text);
    for (const std::string& line : lines_of(quoted)) {
      CHECK(line.size() <= 76);
      CHECK_FALSE(line.starts_with("."));
      CHECK_FALSE(line.starts_with("From "));
      CHECK_FALSE(line.ends_with(" "));
      CHECK(std::ranges::all_of(line, [](char letter) { return letter >= ' ' && letter < 0x7F; }));
    }
    std::string expected;
    std::string rest = text;
    for (std::size_t at = rest.find("\r\n"); at != rest.npos; at = rest.find("\r\n"))
      rest.replace(at, 2, "\n");
    std::ranges::replace(rest, '\r', '\n');
    expected = rest.empty() || rest.ends_with('\n') ? rest : rest + '\n';
    CHECK(decoded(quoted) == expected);
  }
}

TEST_CASE("a subject is one header, however it is written", "[mail]") {
  for (const std::string& text : awkward) {
    INFO(text);
    const std::string message = compose({.id = "7@example.org", .recipient = "a@b.c", .subject = text, .text = "x"});
    CHECK(header_names(message) == std::vector<std::string>{"From", "To", "Subject", "Date", "Message-ID",
                                                            "Auto-Submitted", "MIME-Version", "Content-Type",
                                                            "Content-Transfer-Encoding"});
    for (const std::string& line : lines_of(message.substr(0, message.find("\r\n\r\n") + 2)))
      CHECK(line.size() <= 78);
  }
  CHECK(header_text("Your wallet is open", 9) == "Your wallet is open");
  CHECK(header_text("Grüße", 9) == "=?UTF-8?B?R3LDvMOfZQ==?=");
  // Somebody who writes an encoded word gets it as it stands, encoded.
  CHECK(header_text("=?UTF-8?B?QQ==?=", 9) == "=?UTF-8?B?PT9VVEYtOD9CP1FRPT0/PQ==?=");
}

TEST_CASE("letters of several bytes are not torn apart between encoded words", "[mail]") {
  std::string noodles;
  for (int i = 0; i < 60; ++i)
    noodles += "🍜";
  std::istringstream words(header_text(noodles, 9));
  int count = 0;
  for (std::string word; words >> word; ++count) {
    CHECK(word.size() <= 75);
    // 4 bytes each: a whole number of them in every word.
    const std::string coded = word.substr(10, word.size() - 12);
    const auto padding = static_cast<std::size_t>(std::ranges::count(coded, '='));
    CHECK((coded.size() / 4 * 3 - padding) % 4 == 0);
  }
  CHECK(count > 4);
}

TEST_CASE("no name and no address begins a header of its own", "[mail]") {
  const std::string evil = "Ani\r\nBcc: everybody@example.org\r\n\r\nhello";
  const std::string message = compose({.id = "7@example.org" + evil,
                                       .sender_name = evil,
                                       .sender_address = "me@example.org" + evil,
                                       .recipient = "a@b.c" + evil,
                                       .subject = evil,
                                       .text = evil});
  const auto names = header_names(message);
  CHECK(std::ranges::count(names, "Bcc") == 0);
  CHECK(names.size() == 9);
}

TEST_CASE("names before addresses are plain, quoted or encoded, as they need", "[mail]") {
  CHECK(display_name("") == "");
  CHECK(display_name("Dompet") == "Dompet");
  CHECK(display_name("Dompet, \"Ltd.\"") == R"("Dompet, \"Ltd.\"")");
  CHECK(display_name("Dömpet") == "=?UTF-8?B?RMO2bXBldA==?=");
}

TEST_CASE("an address is one address and nothing more", "[mail]") {
  for (const char* text : {"a@b.c", "first.last+tag@mail.example", "ümlaut@example.org"})
    CHECK(is_mail_address(text));
  for (const char* text : {"", "a", "@b", "a@", "a b@c", "a@b>", "<a@b>", "a@b,c@d", "a@b\r\nRCPT TO:<x@y>", "\"a\"@b"})
    CHECK_FALSE(is_mail_address(text));
  const std::string long_name(250, 'a');
  CHECK_FALSE(is_mail_address(std::string{long_name}.append("@b.example")));
}

TEST_CASE("a mail says the same as text and as HTML, and is the same bytes every time", "[mail]") {
  const MailMessage mail{.id = "0193480b-1e2f@example.org",
                         .sender_name = "Dompet",
                         .sender_address = "no-reply@example.org",
                         .recipient = "ani@example.org",
                         .subject = "Halo",
                         .text = "--=_0193480b-1e2f\nis no end of a part",
                         .html = "<p>Halo</p>",
                         .at_ms = 1'795'228'406'789};
  const std::string message = compose(mail);
  CHECK(message == compose(mail));
  CHECK(header(message, "Date") == "Sat, 21 Nov 2026 02:33:26 +0000");
  CHECK(header(message, "From") == "Dompet <no-reply@example.org>");
  CHECK(header(message, "To") == "ani@example.org");
  CHECK(header(message, "Message-ID") == "<0193480b-1e2f@example.org>");
  CHECK(header(message, "Content-Type") == "multipart/alternative; boundary=\"=_0193480b-1e2f\"");
  int boundaries = 0;
  for (std::size_t at = message.find("\r\n--=_"); at != message.npos; at = message.find("\r\n--=_", at + 1))
    ++boundaries;
  CHECK(boundaries == 3);
  CHECK(message.find("text/plain") < message.find("text/html"));
}
