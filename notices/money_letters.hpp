#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "events/consumer.hpp"
#include "events/event.hpp"
#include "persistence/mail_store.hpp"

namespace dompet {

/// The kind of notice that an event is worth to the wallet's owner; nothing for most types: a step on the way, or what
/// he was answered at once, such as a decline.
std::optional<std::string_view> notice_of(const events::Event& event);

/// A stranger's words as what they are: in quotation marks, on one line, at most `most_words` characters of them, and
/// with a space wherever a mail program would see an address and make a link of it.
std::string quoted(std::string_view words);
inline constexpr std::size_t most_words = 80;

/// What he is told of it. The event is one that `notice_of` knows.
NewMail money_letter(std::string_view kind, const events::Event& event, const Addressee& to,
                     std::string_view link_base);

/// Tells the owners of wallets what happened to their money: in the transaction of its marks it writes a mail for each
/// event that is worth one, so that whoever dies when, there is exactly one row for each. What it hears of later than
/// `newest_for` it leaves out: nobody wants last month's mails because notices were switched on again. While
/// `most_waiting` mails wait it leaves out all of them, and adds them to `left_out`, in which a page that comes again
/// counts again.
class MoneyLetters final : public events::Consumer {
 public:
  MoneyLetters(std::string link_base, std::chrono::days newest_for, std::int64_t most_waiting,
               std::atomic<std::uint64_t>& left_out)
      : link_base_(std::move(link_base)), newest_for_(newest_for), most_waiting_(most_waiting), left_out_(left_out) {}

  std::string name() const override { return "mail"; }
  void take(std::span<const events::Event> page, SqlSession& database0, const std::stop_token& stop) override;

 private:
  /// How many more may be written, about.
  std::int64_t room(SqlSession& database0);

  std::string link_base_;
  std::chrono::days newest_for_;
  std::int64_t most_waiting_;
  std::atomic<std::uint64_t>& left_out_;
  std::int64_t room_ = 0;
  std::chrono::steady_clock::time_point next_count_{};
};

}  // namespace dompet
