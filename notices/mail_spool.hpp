#pragma once

#include <filesystem>
#include <string>

namespace dompet {

/// Where mails go while no mail server is set: a directory with one readable .eml file each (RFC 5322), for this
/// machine's owner only, because they carry codes. One thread at a time.
class MailSpool {
 public:
  explicit MailSpool(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// `name`.eml is there as a whole or not at all; a second time it takes the first one's place. Throws
  /// std::runtime_error.
  void put(const std::string& name, const std::string& message);

  /// Removes files that are older than so many days.
  void sweep(int keep_days);

 private:
  std::filesystem::path directory_;
};

}  // namespace dompet
