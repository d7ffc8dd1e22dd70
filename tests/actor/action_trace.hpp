#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "actors/engine.hpp"
#include "persistence/batch.hpp"

namespace dompet::simulated {

/// The last things that happened in a life, for whoever looks at a seed that failed. Steps of the protocol have the
/// names that the models give them (tests/models): reserve, send_credit, credit, settle …
class ActionTrace {
 public:
  /// Only from then on anything is kept: a life that goes well needs no trace.
  void enable() { is_enabled_ = true; }
  void note(std::int64_t at_ms, std::string_view where, const std::string& what);
  /// What a batch does, a line a record.
  void note_batch(std::int64_t at_ms, std::string_view where, const Batch& batch, std::string_view outcome);
  /// A frame that one node sent to another.
  void note_frame(std::int64_t at_ms, std::string_view where, std::string_view to, const std::string& frame);
  /// What a client is told.
  void note_answer(std::int64_t at_ms, const Answer& answer);
  /// Oldest first, a line each.
  std::string text() const;

 private:
  static constexpr std::size_t kept_actions = 200;

  bool is_enabled_ = false;
  std::int64_t first_ms_ = 0;
  std::deque<std::string> lines_{};
};

}  // namespace dompet::simulated
