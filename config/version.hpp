#pragma once

#include <string_view>

namespace dompet {

/// The version of both programs; CHANGELOG.md says what is in it.
inline constexpr std::string_view version = "0.1.0-dev";

}  // namespace dompet
