#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dompet::graphql {

/// What a string says: its inside with the escapes taken out. Nothing for half of a surrogate pair.
std::optional<std::string> unescaped(std::string_view inside);

/// What a block string says: without the indentation that all its lines share, and without blank lines around it
/// (BlockStringValue, section 2.9.4 of the specification).
std::string block_text(std::string_view inside);

}  // namespace dompet::graphql
