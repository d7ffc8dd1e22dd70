#pragma once

namespace CLI {
class App;
}

namespace dompet::cli {

/// `saga bulk`: the same order to all open transfers that match. Without --execute it only counts.
void add_saga_bulk(CLI::App& sagas);

}  // namespace dompet::cli
