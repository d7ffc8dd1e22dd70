#pragma once

#include <span>
#include <string_view>

namespace dompet {

/// What users can be told about, each with a switch of its own.
struct NoticeSwitch {
  std::string_view name;
  /// Completes "Mails about …".
  std::string_view about;
};

std::span<const NoticeSwitch> notice_switches();

/// A row of the one table of mails that there are.
struct NoticeKind {
  /// Stands in mail_outbox, and is the name of its template: templates/en/<name>.txt.
  std::string_view name;
  /// The switch that turns it off; empty for what cannot be: codes, and what concerns an account's safety.
  std::string_view of{};
  bool carries_code = false;
};

std::span<const NoticeKind> notice_kinds();
/// One of the table; another name is a bug.
const NoticeKind& notice_kind(std::string_view name);

}  // namespace dompet
