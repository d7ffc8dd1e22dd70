#pragma once

#include <string>
#include <string_view>

#include "domain/ids.hpp"
#include "notices/template.hpp"
#include "persistence/mail_store.hpp"

namespace dompet {

// What is told about an act: written with it, in one transaction. Pure; any thread. `link_base` as of render_notice.

/// A mail of this kind. The values have all that its template asks for.
NewMail written(std::string_view kind, const std::string& recipient, const NoticeValues& values,
                std::string_view link_base);

/// A code and whom it goes to: `registered`, `verify_email` or `password_reset`.
NewMail code_mail(std::string_view kind, const std::string& recipient, const std::string& code,
                  std::string_view link_base);

Letter email_verified(const std::string& link_base);
/// The time is milliseconds since 1970.
Letter password_changed(std::int64_t at_ms, const std::string& link_base);

/// What its user can switch off.
struct Notice {
  std::string_view kind{};
  Letter letter{};
};

/// Writes it to the user as part of the transaction that is open, if his address is verified and he wants to hear of
/// it.
void tell(SqlSession& session, const Uuid& user, const Notice& notice);

struct MerchantNews {
  Uuid id{};
  std::string name{};
  std::string status{};
  /// Empty for a new one.
  std::string status_before{};
};
Notice merchant_created(const MerchantNews& merchant, const std::string& link_base);
Notice merchant_status(const MerchantNews& merchant, const std::string& link_base);

struct DocumentNews {
  Uuid id{};
  Uuid merchant{};
  std::string type{};
  std::string status{};
  std::string note{};
};
Notice document_created(const DocumentNews& document, const std::string& link_base);
Notice document_status(const DocumentNews& document, const std::string& link_base);

/// A moment for people: "2026-11-21 02:33 UTC".
std::string moment(std::int64_t unix_ms);

}  // namespace dompet
