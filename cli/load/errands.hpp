#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "cli/load/endpoint.hpp"
#include "cli/load/engine.hpp"
#include "cli/load/workload.hpp"

namespace dompet::cli {

/// A list of requests, each of which must come to a decision in the end: those for which the server had no room, and
/// those whose answer was lost, are sent again, so that each must be idempotent or harmless when done twice. A subclass
/// renders them by number. For one thread.
class Errands : public Workload {
 public:
  explicit Errands(std::uint32_t count);

  bool next(Shot& shot) override;
  void answered(const Shot& shot, const Response& response, Verdicts& verdicts) override;
  void lost(const Shot& shot) override;

  std::uint32_t count() const { return count_; }
  std::uint64_t done() const { return done_; }
  /// Throws `std::runtime_error` when one was refused or never decided; `what` completes "cannot …".
  void check_all_done(std::string_view what) const;

 protected:
  virtual void render(Shot& shot) = 0;
  virtual void succeeded(const Shot&, const Response&) {}
  /// An answer that is neither 2xx nor "not now". By default the first one ends the run.
  virtual void refused(const Shot& shot, const Response& response);

 private:
  bool again(const Shot& shot);

  std::uint32_t count_;
  std::uint32_t next_ = 0;
  std::deque<std::uint32_t> again_{};
  std::uint64_t retries_left_;
  std::uint64_t done_ = 0;
  std::string failure_{};
};

/// How to run them.
struct ErrandPlan {
  int connections = 32;
  /// Requests a second at fixed distances; without it each connection sends when it is answered.
  std::optional<double> rate{};
  const std::atomic<bool>* stop = nullptr;
  /// Says on stderr how many are done.
  bool talk = false;
};

/// Sends them all; at most 30 minutes, which `check_all_done` notices. `what` is shown while it happens.
LoadOutcome run_errands(const Endpoint& endpoint, Errands& errands, const ErrandPlan& plan, std::string_view what);

}  // namespace dompet::cli
