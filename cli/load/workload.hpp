#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/load/response.hpp"

namespace dompet::cli {

/// What an answer means for the one who sent the load.
enum class Verdict : std::uint8_t {
  ok,          ///< 2xx
  declined,    ///< 402 and 409: a decision, and the answer is no
  key_reused,  ///< 422: the load generator's own mistake, if it ever happens
  shed,        ///< 429 and 503: the server had no room
  other,       ///< any other status
};
inline constexpr std::size_t verdict_count = 5;

constexpr Verdict verdict_of(int status) {
  if (status >= 200 && status < 300)
    return Verdict::ok;
  if (status == 402 || status == 409)
    return Verdict::declined;
  if (status == 422)
    return Verdict::key_reused;
  if (status == 429 || status == 503)
    return Verdict::shed;
  return Verdict::other;
}

/// How many operations (transfers, reads) ended which way. A bulk request counts once for each of its items.
struct Verdicts {
  std::array<std::uint64_t, verdict_count> of{};

  std::uint64_t& operator[](Verdict verdict) { return of[static_cast<std::size_t>(verdict)]; }
  std::uint64_t operator[](Verdict verdict) const { return of[static_cast<std::size_t>(verdict)]; }
};

/// One request on its way: the bytes, and a number by which the workload knows it again.
struct Shot {
  std::uint64_t number = 0;
  std::string bytes;
};

/// Decides what is sent and reads what comes back. The engine calls it from its one thread: `next` and `answered`
/// are on the hot path and should not allocate once their buffers have grown.
class Workload {
 public:
  virtual ~Workload() = default;

  /// Writes the next request into `shot`, whose buffer is reused. False when there is nothing to send now; the engine
  /// ends a run when nothing is in flight and there is still nothing to send.
  virtual bool next(Shot& shot) = 0;

  /// Adds what the answer says to `verdicts`.
  virtual void answered(const Shot& shot, const Response& response, Verdicts& verdicts) = 0;

  /// The connection broke or the time was up before an answer came.
  virtual void lost(const Shot&) {}

  /// How many operations one request carries.
  virtual std::uint32_t operations_per_request() const { return 1; }
};

}  // namespace dompet::cli
