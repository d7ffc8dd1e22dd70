#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "cli/load/endpoint.hpp"
#include "cli/load/histogram.hpp"
#include "cli/load/workload.hpp"

namespace dompet::cli {

/// Where a run stands, for a progress bar.
struct Progress {
  double elapsed_s = 0;
  double total_s = 0;
  Verdicts verdicts;
};

/// How to send. Everything is bounded: time by `warmup + duration + drain`, what is in flight by `connections`.
struct LoadPlan {
  /// Requests per second at fixed distances (open loop). Without it every connection sends again as soon as it is
  /// answered (closed loop).
  std::optional<double> rate;
  int connections = 64;
  std::chrono::nanoseconds warmup{0};
  std::chrono::nanoseconds duration{0};
  /// An unanswered request is given up, and its connection closed, after this time.
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);
  /// How long to wait for the last answers after the last request.
  std::chrono::nanoseconds drain = std::chrono::seconds(5);
  /// Called about five times a second; may be empty.
  std::function<void(const Progress&)> on_progress;
  /// The run ends early, with a result, when this becomes true; may be null.
  const std::atomic<bool>* stop = nullptr;
};

/// What was measured. A request whose intended send time lies within the warm-up counts nowhere; processor time is
/// taken from the end of the warm-up.
struct LoadOutcome {
  /// From the intended send time to the last byte, in ns. Requests that got a decision (2xx, 402, 409, 422).
  Histogram latency;
  /// The same for all other answers (shed, errors).
  Histogram refused_latency;
  /// How late the generator itself or a lack of free connections made the send, in ns; open loop only.
  Histogram send_delay;
  Verdicts verdicts;
  std::uint64_t requests = 0;           ///< answered
  std::uint64_t connection_errors = 0;  ///< the connection broke while a request was in flight
  std::uint64_t timeouts = 0;
  std::uint64_t unanswered = 0;  ///< in flight when the drain was over
  std::uint64_t unsent = 0;      ///< open loop: due before the end, but no connection was ever free for them
  /// Operations answered 2xx within the measured time, by the time of the answer; the throughput.
  std::uint64_t ok_in_time = 0;
  std::vector<std::uint64_t> ok_by_second;
  double measured_s = 0;
  double generator_cpu_s = 0;
  bool interrupted = false;
};

/// Sends a workload to one server from the calling thread over keep-alive connections, one request in flight on each,
/// and measures. In open loop the latency counts from the moment a request *should* have been sent, so a server that
/// stalls cannot hide the requests that had to wait behind the stall (coordinated omission). A connection that breaks
/// is opened again every 100 ms until the run is over; the first connections must succeed, else this throws.
LoadOutcome run_load(const Endpoint& endpoint, const LoadPlan& plan, Workload& workload);

}  // namespace dompet::cli
