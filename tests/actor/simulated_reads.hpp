#pragma once

#include <deque>
#include <functional>
#include <string>

#include "actors/node.hpp"
#include "tests/actor/simulated_ledger.hpp"

namespace dompet::simulated {

/// The read pool of a simulated machine: what was asked waits until it is run, one by one, in any order. It stays when
/// the process on the machine ends; what waited for that process is forgotten then.
class SimulatedReads final : public ReadPool {
 public:
  explicit SimulatedReads(SimulatedLedger& ledger) : ledger_(ledger) {}

  bool read(std::function<void(RecoveryStore&)> work, std::function<void(const std::string&, bool)> failed) override;

  /// Reads that may run now.
  std::size_t ready() const { return is_held_ ? 0 : waiting_.size(); }
  void run(std::size_t index);
  /// The process ended: nobody waits any more.
  void forget() { waiting_.clear(); }

  // --- what shall go wrong ---

  /// The next reads of the database fail.
  void fail(int count) { to_fail_ = count; }
  /// The database cannot be reached at all.
  void cut_off(bool is_cut_off) { is_cut_off_ = is_cut_off; }
  /// The pool takes nothing.
  void fill(bool is_full) { is_full_ = is_full; }
  /// Holds back reads that were begun, until false.
  void hold(bool is_held) { is_held_ = is_held; }

 private:
  struct Read {
    std::function<void(RecoveryStore&)> work{};
    std::function<void(const std::string&, bool)> failed{};
  };

  SimulatedLedger& ledger_;
  std::deque<Read> waiting_{};
  int to_fail_ = 0;
  bool is_cut_off_ = false;
  bool is_full_ = false;
  bool is_held_ = false;
};

}  // namespace dompet::simulated
