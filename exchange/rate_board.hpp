#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "domain/rate_table.hpp"

namespace dompet {

/// The newest rates that this node knows, as one value that is replaced as a whole: whoever took it reads on what he
/// took, and no reader waits. Any thread.
class RateBoard {
 public:
  std::shared_ptr<const RateTable> read() const { return table_.load(); }
  /// Unless it knows newer ones: several threads read the database, and one may come late.
  void replace(RateTable table) {
    const auto next = std::make_shared<const RateTable>(std::move(table));
    auto known = table_.load();
    while (next->number() >= known->number() && !table_.compare_exchange_weak(known, next)) {
    }
  }

 private:
  std::atomic<std::shared_ptr<const RateTable>> table_{std::make_shared<const RateTable>()};
};

}  // namespace dompet
