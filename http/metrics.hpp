#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "actors/engine.hpp"
#include "http/admission.hpp"
#include "http/exchange.hpp"

namespace dompet {}

namespace dompet::http {

struct Services;

/// What /metrics shows: requests by route and status, their latency, what was shed, and the engine's counters. Counting
/// costs some tens of nanoseconds a request; the labels are looked up once per route and status.
/// Io thread only.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;

  void count(const Exchange& exchange, int status, double seconds);
  void count(Shed shed);

  /// The text of the Prometheus exposition format.
  std::string expose(const Services& services) const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace dompet::http
