#pragma once

#include <string_view>

namespace dompet {

/// A named place where tests make things go wrong. Only builds with DOMPET_FAILPOINTS have any; elsewhere it is
/// nothing at all.
///
/// `DOMPET_FAILPOINT=name:action[:n]` in the environment, or `arm_failpoint` in a test, arms one: at the n-th
/// passage (default: the first) it acts once. Actions: `crash` ends the process at once as kill -9 would,
/// `trip` makes failpoint() answer true and the caller do what its name says; `always` is `trip` at every passage.
#ifdef DOMPET_FAILPOINTS
bool failpoint(std::string_view name);
void arm_failpoint(std::string_view specification);
#else
constexpr bool failpoint(std::string_view) { return false; }
#endif

}  // namespace dompet
