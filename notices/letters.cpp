#include "notices/letters.hpp"

#include <array>
#include <chrono>
#include <cstdio>

#include "notices/kinds.hpp"
#include "persistence/audit_log.hpp"

namespace dompet {

namespace {

/// A letter whose values are known but for whom it is to.
Letter letter(std::string_view kind, NoticeValues values, const std::string& link_base) {
  return [kind, values = std::move(values), link_base](const Addressee& to) {
    NoticeValues all = values;
    all.emplace_back("first_name", to.first_name);
    return written(kind, to.email, all, link_base);
  };
}

Notice notice(std::string_view kind, NoticeValues values, const std::string& link_base) {
  return {kind, letter(kind, std::move(values), link_base)};
}

NoticeValues values_of(const MerchantNews& merchant) {
  return {{"merchant_id", to_string(merchant.id)},
          {"merchant_name", merchant.name},
          {"status", merchant.status},
          {"status_before", merchant.status_before}};
}

NoticeValues values_of(const DocumentNews& document) {
  return {{"document_id", to_string(document.id)},
          {"merchant_id", to_string(document.merchant)},
          {"document_type", document.type},
          {"status", document.status},
          {"note", document.note.empty() ? "-" : document.note}};
}

}  // namespace

NewMail written(std::string_view kind, const std::string& recipient, const NoticeValues& values,
                std::string_view link_base) {
  RenderedNotice notice = render_notice(kind, values, link_base);
  return {.id = make_row_id(),
          .kind = std::string{kind},
          .recipient = recipient,
          .subject = std::move(notice.subject),
          .text = std::move(notice.text),
          .html = std::move(notice.html),
          .is_secret = notice_kind(kind).carries_code};
}

NewMail code_mail(std::string_view kind, const std::string& recipient, const std::string& code,
                  std::string_view link_base) {
  return written(kind, recipient, {{"code", code}}, link_base);
}

Letter email_verified(const std::string& link_base) { return letter("email_verified", {}, link_base); }

Letter password_changed(std::int64_t at_ms, const std::string& link_base) {
  return letter("password_changed", {{"at", moment(at_ms)}}, link_base);
}

void tell(SqlSession& session, const Uuid& user, const Notice& notice) {
  write_notice(session, user, notice_kind(notice.kind).of, notice.letter);
}

Notice merchant_created(const MerchantNews& merchant, const std::string& link_base) {
  return notice("merchant_created", values_of(merchant), link_base);
}

Notice merchant_status(const MerchantNews& merchant, const std::string& link_base) {
  return notice("merchant_status", values_of(merchant), link_base);
}

Notice document_created(const DocumentNews& document, const std::string& link_base) {
  return notice("document_created", values_of(document), link_base);
}

Notice document_status(const DocumentNews& document, const std::string& link_base) {
  return notice("document_status", values_of(document), link_base);
}

std::string moment(std::int64_t unix_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds{unix_ms}};
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<minutes>(at - day)};
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d UTC", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()));
  return text.data();
}

}  // namespace dompet
