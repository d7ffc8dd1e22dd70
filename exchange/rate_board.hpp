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
  void replace(RateTable table) { table_.store(std::make_shared<const RateTable>(std::move(table))); }

 private:
  std::atomic<std::shared_ptr<const RateTable>> table_{std::make_shared<const RateTable>()};
};

}  // namespace dompet
