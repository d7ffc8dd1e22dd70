#pragma once

#include <cstdint>

#include "cli/load/clock.hpp"
#include "cli/load/engine.hpp"

namespace dompet::cli {

/// Counts what happens in a run, and decides what of it lies within the measured time: a request whose intended send
/// time lies within the warm-up counts nowhere. Times are of `now()`. For one thread.
class Tally {
 public:
  /// The run begins at `start`, is measured from `warm_end` and sends nothing new from `end` on.
  void begin(Nanos start, Nanos warm_end, Nanos end);
  /// The run is stopped early.
  void end_at(Nanos end);
  /// From the end of the warm-up on the processor time counts. Called at least once after it.
  void look_at_clock(Nanos now);

  void sent(Nanos intended, Nanos now);
  void answered(Nanos intended, Nanos arrived, int status, const Verdicts& verdicts);
  void broken(Nanos intended) { outcome_.connection_errors += is_measured(intended) ? 1 : 0; }
  void timed_out(Nanos intended) { outcome_.timeouts += is_measured(intended) ? 1 : 0; }
  void left_unanswered(Nanos intended) { outcome_.unanswered += is_measured(intended) ? 1 : 0; }
  void left_unsent(std::uint64_t requests) { outcome_.unsent = requests; }

  Nanos start() const { return start_; }
  Nanos end() const { return end_; }
  Progress progress(Nanos now) const;
  LoadOutcome finish(Nanos now);

 private:
  bool is_measured(Nanos intended) const { return intended >= warm_end_; }
  void count_in_time(Nanos arrived, std::uint64_t ok);

  LoadOutcome outcome_{};
  Nanos start_ = 0;
  Nanos warm_end_ = 0;
  Nanos end_ = 0;
  double cpu_at_start_ = 0;
  bool measuring_ = false;
};

}  // namespace dompet::cli
