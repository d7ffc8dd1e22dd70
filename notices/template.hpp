#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dompet {

// How a notice becomes a mail: a template for each kind (templates/README.md), in one layout for all.

/// What the template's placeholders stand for: `{{amount}}` is the value of "amount".
using NoticeValues = std::vector<std::pair<std::string_view, std::string>>;

struct RenderedNotice {
  /// One line.
  std::string subject{};
  std::string text{};
  /// The same as a page, with every value escaped.
  std::string html{};
};

/// The template of a kind with its values. `link_base` is where the pages for users are ("https://pay.example");
/// without one the mail has no button. A placeholder without a value is a bug. Pure; any thread.
RenderedNotice render_notice(std::string_view kind, const NoticeValues& values, std::string_view link_base);

}  // namespace dompet
