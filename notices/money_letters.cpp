#include "notices/money_letters.hpp"

#include <algorithm>
#include <array>
#include <variant>
#include <vector>

#include "domain/ensure.hpp"
#include "notices/kinds.hpp"
#include "notices/letters.hpp"

namespace dompet {

namespace {

/// What an event is to who pays, and to who receives. Empty: nothing.
struct Worth {
  std::string_view type;
  std::string_view out;
  std::string_view in;
};

constexpr Worth table[]{
    {"wallet.opened", "wallet_opened", "wallet_opened"},
    {"wallet.frozen", "wallet_frozen", "wallet_frozen"},
    {"wallet.unfrozen", "wallet_unfrozen", "wallet_unfrozen"},
    {"wallet.closed", "wallet_closed", "wallet_closed"},
    {"topup.completed", "", "topup_completed"},
    {"topup.failed", "", "topup_failed"},
    {"topup.cancelled", "", "topup_failed"},
    {"transfer.completed", "transfer_sent", "transfer_received"},
    {"transfer.failed", "transfer_failed", ""},
    {"transfer.cancelled", "transfer_failed", ""},
    {"payment.authorized", "payment_authorized", ""},
    {"payment.incremented", "payment_authorized", ""},
    {"payment.completed", "payment_sent", "payment_received"},
    {"payment.captured", "payment_sent", "payment_received"},
    {"payment.voided", "payment_voided", ""},
    {"payment.failed", "payment_failed", ""},
    {"payment.cancelled", "payment_failed", ""},
    {"withdrawal.pending", "withdrawal_pending", ""},
    {"withdrawal.completed", "withdrawal_completed", ""},
    {"withdrawal.failed", "withdrawal_failed", ""},
    {"withdrawal.cancelled", "withdrawal_failed", ""},
    {"refund.completed", "refund_sent", "refund_received"},
};

/// Counting them takes a while when there are many.
constexpr std::chrono::seconds count_every{1};

/// The first characters of it, none torn apart.
std::string_view shortened(std::string_view text, std::size_t most) {
  const auto begins_character = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; };
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size(); ++at)
    if (begins_character(text[at]) && ++characters > most)
      return text.substr(0, at);
  return text;
}

/// What moved in the wallet itself; without a leg what was asked for.
Minor amount_of(const events::Event& event) {
  const Minor asked = event.record->transaction->amount;
  if (event.leg == nullptr)
    return asked;
  return std::visit(
      [asked](const auto& change) -> Minor {
        if constexpr (requires { change.amount; })
          return change.amount;
        else
          return asked;
      },
      event.leg->event);
}

std::string money_of(const events::Event& event) {
  const Currency currency = currency_at(*event.record->transaction, event.wallet);
  return std::string{currency.text()}.append(" ").append(format_amount(amount_of(event), currency));
}

NoticeValues values_of(const events::Event& event, const Addressee& to) {
  NoticeValues values{
      {"first_name", to.first_name}, {"wallet_id", to_string(event.wallet.uuid)}, {"at", moment(event.created_at_ms)}};
  if (const auto& transaction = event.record->transaction) {
    // Clients see an act on a payment under the payment's id.
    const TransactionId& shown = is_act_on_payment(transaction->kind) ? transaction->parent : transaction->id;
    values.emplace_back("amount", money_of(event));
    values.emplace_back("description", transaction->description.empty() ? "-" : quoted(transaction->description));
    values.emplace_back("transaction_id", to_string(shown.uuid));
  } else if (const auto* opened = std::get_if<WalletOpened>(&event.leg->event)) {
    values.emplace_back("wallet_name", opened->name);
    values.emplace_back("currency", std::string{opened->currency.text()});
  }
  return values;
}

/// The owners of the wallets, each once.
std::vector<Uuid> owners_of(std::span<const events::Event> page) {
  std::vector<Uuid> owners;
  for (const events::Event& event : page)
    if (event.owner != UserId{})
      owners.push_back(event.owner.uuid);
  std::ranges::sort(owners);
  owners.erase(std::ranges::unique(owners).begin(), owners.end());
  return owners;
}

}  // namespace

std::optional<std::string_view> notice_of(const events::Event& event) {
  const auto found = std::ranges::find(table, event.type, &Worth::type);
  if (found == std::end(table))
    return std::nullopt;
  const std::string_view kind = event.direction == Direction::in ? found->in : found->out;
  return kind.empty() ? std::nullopt : std::optional{kind};
}

std::string quoted(std::string_view words) {
  constexpr std::string_view digits_and_blanks = "0123456789 ";
  const std::string_view kept = shortened(words, most_words);
  std::string text = "\"";
  for (std::size_t at = 0; at < kept.size(); ++at) {
    const char byte = kept[at] == '"' ? '\'' : kept[at];
    text += static_cast<unsigned char>(byte) < ' ' || byte == '\x7f' ? ' ' : byte;
    const bool joins = byte == '.' || byte == ':' || byte == '@';
    if (joins && at + 1 < kept.size() && !digits_and_blanks.contains(kept[at + 1]))
      text += ' ';
  }
  return text.append(kept.size() < words.size() ? "…\"" : "\"");
}

NewMail money_letter(std::string_view kind, const events::Event& event, const Addressee& to,
                     std::string_view link_base) {
  NewMail mail = written(kind, to.email, values_of(event, to), link_base);
  mail.dedupe_key = event.id;
  return mail;
}

std::int64_t MoneyLetters::room(SqlSession& database0) {
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_count_) {
    room_ = most_waiting_ - mails_waiting(database0, most_waiting_);
    next_count_ = now + count_every;
  }
  return room_;
}

void MoneyLetters::take(std::span<const events::Event> page, SqlSession& database0, const std::stop_token&) {
  using namespace std::chrono;
  const auto oldest = system_clock::now() - newest_for_;
  const auto oldest_ms = duration_cast<milliseconds>(oldest.time_since_epoch()).count();
  const std::vector<NoticeReader> readers = notice_readers(database0, owners_of(page));
  std::vector<NewMail> mails;
  for (const events::Event& event : page) {
    const auto kind = notice_of(event);
    if (!kind || event.created_at_ms < oldest_ms)
      continue;
    const auto to = std::ranges::lower_bound(readers, event.owner.uuid, {}, &NoticeReader::user);
    if (to != readers.end() && to->user == event.owner.uuid && to->wants(notice_kind(*kind).of))
      mails.push_back(money_letter(*kind, event, *to, link_base_));
  }
  if (mails.empty())
    return;
  const auto written = std::min(static_cast<std::size_t>(std::max<std::int64_t>(room(database0), 0)), mails.size());
  write_mails(database0, std::span{mails}.first(written));
  room_ -= static_cast<std::int64_t>(written);
  left_out_ += mails.size() - written;
}

}  // namespace dompet
