// The texts of mails, carried inside the program. Written by the build from notices/templates (cmake/Embed.cmake).
//
// The span is filled before main() starts; nothing may read it from a static initialiser of another file.
#pragma once

#include <span>
#include <string_view>

namespace dompet::notices {

struct Template {
  std::string_view name;  // "en/transfer_sent.txt", "layout.html"
  std::string_view text;
};

extern const std::span<const Template> templates;

}  // namespace dompet::notices
