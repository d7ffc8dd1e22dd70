#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "outbound/smtp_client.hpp"

namespace dompet {

/// Whether notices about money and wallets are written.
enum class MoneyNotices : std::uint8_t {
  /// When there is a mail server to send them.
  with_server,
  always,
  never,
};

/// How mails are sent. config/ fills it from file, environment and flags; reasons stand there too.
struct MailSettings {
  /// Without a URL mails become files in the spool.
  SmtpSettings smtp{};
  std::string sender_address = "no-reply@dompet.invalid";
  std::string sender_name = "Dompet";
  /// Where the pages for users are; empty: mails have no button.
  std::string link_base{};
  MoneyNotices money_notices = MoneyNotices::with_server;
  /// Mails that are handed over at the same time: a thread and a connection to database 0 each.
  int senders = 4;
  /// While more wait, no notices about money are written.
  int most_waiting = 100'000;
  /// Between two looks for mails when there were none.
  std::chrono::milliseconds poll{500};
  /// After the first attempt that failed; then twice as long each time.
  std::chrono::milliseconds first_pause{2'000};
  std::chrono::milliseconds longest_pause{900'000};
  int give_up_days = 3;
  int keep_days = 30;
  /// The directory of mails as files; main fills it.
  std::filesystem::path spool{};

  bool writes_money_notices() const {
    return money_notices == MoneyNotices::always || (money_notices == MoneyNotices::with_server && !smtp.url.empty());
  }
};

}  // namespace dompet
