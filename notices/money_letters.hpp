#pragma once

#include <chrono>
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

/// What he is told of it. The event is one that `notice_of` knows.
NewMail money_letter(std::string_view kind, const events::Event& event, const Addressee& to,
                     std::string_view link_base);

/// Tells the owners of wallets what happened to their money: in the transaction of its marks it writes a mail for each
/// event that is worth one, so that whoever dies when, there is exactly one row for each. What it hears of later than
/// `newest_for` it leaves out: nobody wants last month's mails because notices were switched on again.
class MoneyLetters final : public events::Consumer {
 public:
  MoneyLetters(std::string link_base, std::chrono::days newest_for)
      : link_base_(std::move(link_base)), newest_for_(newest_for) {}

  std::string name() const override { return "mail"; }
  void take(std::span<const events::Event> page, SqlSession& database0) override;

 private:
  std::string link_base_;
  std::chrono::days newest_for_;
};

}  // namespace dompet
