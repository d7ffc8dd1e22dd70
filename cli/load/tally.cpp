#include "cli/load/tally.hpp"

#include <algorithm>
#include <utility>

namespace dompet::cli {

void Tally::begin(Nanos start, Nanos warm_end, Nanos end) {
  start_ = start;
  warm_end_ = warm_end;
  end_ = end;
  look_at_clock(start);
}

void Tally::end_at(Nanos end) {
  outcome_.interrupted = true;
  end_ = end;
  warm_end_ = std::min(warm_end_, end_);
}

void Tally::look_at_clock(Nanos now) {
  if (measuring_ || now < warm_end_)
    return;
  measuring_ = true;
  cpu_at_start_ = process_cpu_s();
}

void Tally::sent(Nanos intended, Nanos now) {
  if (is_measured(intended))
    outcome_.send_delay.record(static_cast<std::uint64_t>(now - intended));
}

void Tally::answered(Nanos intended, Nanos arrived, int status, const Verdicts& verdicts) {
  count_in_time(arrived, verdicts[Verdict::ok]);
  if (!is_measured(intended))
    return;
  ++outcome_.requests;
  for (std::size_t i = 0; i < verdict_count; ++i)
    outcome_.verdicts.of[i] += verdicts.of[i];
  const auto verdict = verdict_of(status);
  const bool decided = verdict == Verdict::ok || verdict == Verdict::declined || verdict == Verdict::key_reused;
  auto& latency = decided ? outcome_.latency : outcome_.refused_latency;
  latency.record(static_cast<std::uint64_t>(arrived - intended));
}

void Tally::count_in_time(Nanos arrived, std::uint64_t ok) {
  if (arrived < warm_end_ || arrived >= end_)
    return;
  outcome_.ok_in_time += ok;
  const auto index = static_cast<std::size_t>((arrived - warm_end_) / second);
  if (index >= outcome_.ok_by_second.size())
    outcome_.ok_by_second.resize(index + 1);
  outcome_.ok_by_second[index] += ok;
}

Progress Tally::progress(Nanos now) const {
  return {static_cast<double>(now - start_) / 1e9, static_cast<double>(end_ - start_) / 1e9, outcome_.verdicts};
}

LoadOutcome Tally::finish(Nanos now) {
  look_at_clock(std::max(now, warm_end_));
  outcome_.generator_cpu_s = process_cpu_s() - cpu_at_start_;
  const Nanos measured = std::min(now, end_) - warm_end_;
  outcome_.measured_s = static_cast<double>(measured) / 1e9;
  // Seconds in which nothing came are told too.
  outcome_.ok_by_second.resize(static_cast<std::size_t>((std::max<Nanos>(measured, 0) + second - 1) / second));
  return std::move(outcome_);
}

}  // namespace dompet::cli
