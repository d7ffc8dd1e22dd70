#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>
#include <string>

#include "events/event.hpp"
#include "notices/embedded.hpp"
#include "notices/kinds.hpp"
#include "notices/letters.hpp"
#include "notices/money_letters.hpp"
#include "notices/template.hpp"

using namespace dompet;

namespace {

/// A value for everything that any template asks for, none of which may stand in a page as it is.
NoticeValues all_values() {
  NoticeValues values;
  for (const char* name :
       {"first_name", "code", "at", "wallet_id", "wallet_name", "currency", "amount", "description", "transaction_id",
        "merchant_id", "merchant_name", "status", "status_before", "document_id", "document_type", "note"})
    values.emplace_back(name, std::string{"<"}.append(name).append("> & \"'\r\nline"));
  return values;
}

std::string template_of(std::string_view kind) {
  const std::string name = std::string{"en/"}.append(kind).append(".txt");
  const auto found = std::ranges::find(notices::templates, name, &notices::Template::name);
  REQUIRE(found != notices::templates.end());
  return std::string{found->text};
}

/// Which of them a template asks for.
std::set<std::string> placeholders_in(const std::string& text) {
  std::set<std::string> names;
  for (std::size_t at = text.find("{{"); at != text.npos; at = text.find("{{", at + 2))
    names.insert(text.substr(at + 2, text.find("}}", at) - at - 2));
  return names;
}

std::string escaped(std::string text) {
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"&", "&amp;"},
                                 {"<", "&lt;"},
                                 {">", "&gt;"},
                                 {"\"", "&quot;"},
                                 {"'", "&#39;"}})
    for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  return text;
}

}  // namespace

TEST_CASE("every kind of notice has a template, every template a kind, and each is filled without a rest",
          "[notices]") {
  std::size_t texts = 0;
  for (const notices::Template& one : notices::templates)
    texts += one.name.starts_with("en/") ? 1 : 0;
  CHECK(texts == notice_kinds().size());
  for (const NoticeKind& kind : notice_kinds()) {
    INFO(kind.name);
    const RenderedNotice notice = render_notice(kind.name, all_values(), "https://pay.example");
    for (const std::string& part : {notice.subject, notice.text, notice.html}) {
      CHECK_FALSE(part.empty());
      CHECK_FALSE(part.contains("{{"));
      CHECK_FALSE(part.contains("}}"));
    }
    CHECK_FALSE(notice.subject.contains('\n'));
    CHECK_FALSE(notice.subject.contains('\r'));
    CHECK(notice.text.contains("https://pay.example/"));
    CHECK(notice.html.contains("href=\"https://pay.example/"));
  }
}

TEST_CASE("no value can say more in a page than itself", "[notices]") {
  for (const NoticeKind& kind : notice_kinds()) {
    INFO(kind.name);
    const RenderedNotice notice = render_notice(kind.name, all_values(), "https://pay.example");
    for (const std::string& name : placeholders_in(template_of(kind.name))) {
      INFO(name);
      const std::string value = "<" + name + "> & \"'  line";
      CHECK_FALSE(notice.html.contains("<" + name + ">"));
      CHECK(notice.html.contains(escaped(value)));
      CHECK(notice.text.contains(value));
    }
  }
}

TEST_CASE("a mail has a button where there are pages, and none where there are not", "[notices]") {
  const NoticeValues code{{"code", "a/b?c"}};
  CHECK(render_notice("registered", code, "https://pay.example///")
            .text.contains("https://pay.example/verify-email?code=a%2Fb%3Fc"));
  const RenderedNotice bare = render_notice("registered", code, "");
  CHECK_FALSE(bare.html.contains("href"));
  CHECK_FALSE(bare.text.contains("Confirm the address:"));
}

TEST_CASE("a code's mail is secret and no other", "[notices]") {
  for (const NoticeKind& kind : notice_kinds()) {
    INFO(kind.name);
    CHECK(written(kind.name, "a@b.c", all_values(), "").is_secret == kind.carries_code);
    CHECK(template_of(kind.name).contains("{{code}}") == kind.carries_code);
    // What concerns an account cannot be switched off, everything else can.
    const auto switches = notice_switches();
    const bool has_switch = std::ranges::find(switches, kind.of, &NoticeSwitch::name) != switches.end();
    CHECK(has_switch == !kind.of.empty());
    CHECK((!kind.carries_code || kind.of.empty()));
  }
}

TEST_CASE("the owner of a wallet is told its own side of what moved, exactly", "[notices]") {
  const WalletId source{Uuid{{1}}};
  const WalletId destination{Uuid{{2}}};
  auto record = std::make_shared<Record>();
  record->kind = RecordKind::transfer;
  record->at_ms = 1'795'228'406'789;
  record->shard = 3;
  record->shard_seq = 17;
  record->transaction = std::make_shared<Transaction>(Transaction{.id = TransactionId{Uuid{{9}}},
                                                                  .currency = *find_currency("IDR"),
                                                                  .amount = 1'234'567'89,
                                                                  .source = source,
                                                                  .destination = destination,
                                                                  .description = "Sewa"});
  record->add_leg(source, TransferredOut{.transaction = record->transaction->id, .amount = 1'234'567'89});
  record->add_leg(destination, Credited{.transaction = record->transaction->id, .amount = 1'234'567'89});
  std::vector<events::Event> events;
  append_events(events, record);
  REQUIRE(events.size() == 2);
  CHECK(notice_of(events[0]) == "transfer_sent");
  CHECK(notice_of(events[1]) == "transfer_received");
  const Addressee ani{.email = "ani@example.org", .first_name = "Ani"};
  const NewMail mail = money_letter("transfer_sent", events[0], ani, "");
  CHECK(mail.recipient == "ani@example.org");
  CHECK(mail.subject == "You sent IDR 1234567.89");
  CHECK(mail.text.contains("In the words of who asked for it: \"Sewa\""));
  CHECK(mail.text.contains("Time: 2026-11-21 02:33 UTC"));
  CHECK(mail.dedupe_key == "3-17-0");
  CHECK(money_letter("transfer_received", events[1], ani, "").dedupe_key == "3-17-1");
}

TEST_CASE("a stranger's words are quoted, short, and nowhere to click on", "[notices]") {
  CHECK(quoted("Sewa Rp 10.000, 10:30") == "\"Sewa Rp 10.000, 10:30\"");
  CHECK(quoted("See https://evil.example/x or www.evil.example, me@evil.example") ==
        "\"See https: //evil. example/x or www. evil. example, me@ evil. example\"");
  CHECK(quoted("rent\". Dear user,\r\nyour wallet") == "\"rent'. Dear user,  your wallet\"");
  std::string long_one;
  for (std::size_t i = 0; i < most_words; ++i)
    long_one += "ü";
  CHECK(quoted(long_one) == '"' + long_one + '"');
  CHECK(quoted(long_one + "ü") == '"' + long_one + "…\"");
}

TEST_CASE("steps on the way and declines are no news by mail", "[notices]") {
  for (const char* type : {"transfer.pending", "transfer.declined", "topup.pending", "payment.capture_pending",
                           "wallet.changed", "card.blocked", "transfer.cancelling"}) {
    events::Event event;
    event.type = type;
    event.direction = Direction::out;
    CHECK_FALSE(notice_of(event).has_value());
  }
  // Whatever is told has a template and a switch; every type that is told is one that there is.
  for (const std::string_view type : events::all_types())
    for (const Direction direction : {Direction::in, Direction::out}) {
      events::Event event;
      event.type = type;
      event.direction = direction;
      if (const auto kind = notice_of(event))
        CHECK_FALSE(notice_kind(*kind).of.empty());
    }
}
