#pragma once

#include <string_view>

namespace dompet::http {

/// Whether a header `traceparent` is one (W3C Trace Context, level 1, 3.2.2): version, trace, parent and flags in
/// lower-case hexadecimal, neither id all zeros. Of later versions what this one knows of them.
bool is_traceparent(std::string_view text);

}  // namespace dompet::http
