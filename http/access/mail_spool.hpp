#pragma once

#include <filesystem>

namespace dompet {
struct WaitingMail;
}

namespace dompet::http {

/// Where mails go while no SMTP server is configured: a directory with one readable .eml file each (RFC 5322), for this
/// machine's owner only, because they carry codes. One thread at a time.
class MailSpool {
 public:
  explicit MailSpool(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// The file is there as a whole or not at all. Throws std::runtime_error.
  void put(const WaitingMail& mail);

 private:
  std::filesystem::path directory_;
};

}  // namespace dompet::http
