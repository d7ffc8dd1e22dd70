#pragma once

namespace CLI {
class App;
}

namespace dompet::cli {

/// Adds `reseal` to `dompetctl keys`: card numbers and webhook secrets that a former key sealed are
/// sealed with the newest one.
void add_reseal(CLI::App& keys);

}  // namespace dompet::cli
