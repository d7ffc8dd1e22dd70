#include "tests/actor/simulated_reads.hpp"

#include <utility>

namespace dompet::simulated {

bool SimulatedReads::read(std::function<void(RecoveryStore&)> work,
                          std::function<void(const std::string&, bool)> failed) {
  if (is_full_)
    return false;
  waiting_.push_back({std::move(work), std::move(failed)});
  return true;
}

void SimulatedReads::run(std::size_t index) {
  const Read read = std::move(waiting_[index]);
  waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(index));
  if (is_cut_off_ || to_fail_ > 0) {
    to_fail_ -= is_cut_off_ ? 0 : 1;
    return read.failed("simulated: the database does not answer", false);
  }
  try {
    read.work(ledger_);
  } catch (const Unreadable& damage) {
    read.failed(damage.what(), true);
  }
}

}  // namespace dompet::simulated
