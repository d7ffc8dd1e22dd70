#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "notices/settings.hpp"

namespace dompet {

/// How the sender reaches the database of mails.
struct MailDatabase {
  /// libpq connection string or URL of database 0.
  std::string url{};
  std::string application_name = "dompet/mail";
  int connect_timeout_s = 2;
  int statement_timeout_ms = 5'000;
  int lock_timeout_ms = 2'000;
};

struct MailCounters {
  /// By this process.
  std::uint64_t sent = 0;
  /// Refused for good, or tried for too long.
  std::uint64_t failed = 0;
  /// Attempts that will be followed by another one.
  std::uint64_t put_off = 0;
  /// Notices about money that were not written, since too many mails waited.
  std::uint64_t left_out = 0;
  /// Of all nodes, as of a few seconds ago; at most MailStore::most_counted.
  std::int64_t waiting = 0;
  std::int64_t oldest_age_s = 0;
};

/// Sends the mails that were written, those with codes first: a few threads with a session each, beside everything
/// else. A mail is claimed for a while, handed to the mail server (or put into the spool), and then noted as sent; a
/// process that dies in between leaves it to the next one, and its recipient gets it again with the same Message-ID. A
/// server that does not answer is left alone for a growing while; a mail that it does not take now is tried again for
/// some days.
///
/// Nobody waits for it. Any number of nodes may have one.
class MailSender {
 public:
  /// `left_out` is counted by whoever writes notices; it outlives the sender.
  MailSender(MailSettings settings, const MailDatabase& database, const std::atomic<std::uint64_t>& left_out);
  /// Ends the deliveries that are under way, within a second.
  ~MailSender();
  MailSender(const MailSender&) = delete;

  /// Any thread.
  MailCounters counters() const;

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace dompet
