#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>

namespace dompet {

/// Whether a connection to smtp:// is encrypted by STARTTLS before anything is said on it.
enum class SmtpEncryption : std::uint8_t {
  /// A server that does not offer it gets nothing.
  required,
  /// If the server offers it; whoever sits between can then keep it away.
  optional,
  /// For a server on this machine, or in tests.
  none,
};

struct SmtpSettings {
  /// smtp://host:587 or smtps://host:465.
  std::string url{};
  SmtpEncryption encryption = SmtpEncryption::required;
  /// Empty: no login.
  std::string user{};
  std::string password{};
  /// Whose certificates are believed; empty: the system's.
  std::filesystem::path ca_file{};
  /// For one mail, from the look-up of the name to the server's last word.
  std::chrono::milliseconds timeout{30'000};
};

/// How a delivery ended.
enum class SmtpOutcome : std::uint8_t {
  /// The server answers for it from now on.
  taken,
  /// It will never take this mail, or not for this recipient: 5xx to RCPT or to the message.
  refused,
  /// It answers, and does not take it now; or it does not take our login or sender, which an operator can set right.
  not_now,
  /// There is no server, no encryption, or no answer in time: the same would happen to every mail.
  unreachable,
};

struct SmtpAnswer {
  SmtpOutcome outcome = SmtpOutcome::unreachable;
  /// The server's last line, or why there is none. One line, without secrets.
  std::string words{};
};

/// Hands mails to a mail server by SMTP (RFC 5321), by libcurl: one at a time, each bounded in time, over a connection
/// that is kept for the next one. Blocks; one thread.
class SmtpClient {
 public:
  explicit SmtpClient(SmtpSettings settings);
  ~SmtpClient();
  SmtpClient(const SmtpClient&) = delete;

  /// `message` as `compose` made it. A stop ends the call within a second as unreachable: the server may have the mail
  /// then. An address that could say more than itself is refused here.
  SmtpAnswer send(const std::string& sender, const std::string& recipient, const std::string& message,
                  const std::stop_token& stop = {});

 private:
  SmtpSettings settings_;
  void* curl_;
};

}  // namespace dompet
