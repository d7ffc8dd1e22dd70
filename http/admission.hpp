#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "actors/engine.hpp"
#include "http/ask.hpp"
#include "http/settings.hpp"

namespace dompet::http {

/// What a route asks of the machine, and so what can keep it out.
enum class Load : std::uint8_t {
  /// Answered from memory at once: never refused.
  none,
  /// A read: bounded by the number of requests in flight.
  read,
  /// New work for the commit lane: also by readiness, by how many entries wait for the lane and how long the oldest
  /// does, and by how many questions the engine has left without an answer although their clients were told so.
  write,
};

enum class Shed : std::uint8_t { not_ready, overloaded, too_many_requests };

/// The code of the problem that says so.
std::string_view code(Shed shed);

/// Who may come in (protocol 5.12). Decided before a body is parsed; a place is given back with the answer, however the
/// request ends. Io thread only.
class Admission {
 public:
  Admission(const Settings& settings, const Engine& engine, const Ask& ask);

  /// Takes a place for the client, or says why there is none. `Load::none` takes no place.
  std::optional<Shed> enter(Load load, const std::string& client);
  void leave(const std::string& client);

  /// Places for the items of a bulk request. A bulk may always enter when no other is inside.
  bool enter_items(std::size_t items);
  void leave_items(std::size_t items);

  std::size_t in_flight() const { return in_flight_; }
  std::size_t items_in_flight() const { return items_; }

 private:
  const Settings& settings_;
  const Engine& engine_;
  const Ask& ask_;
  std::size_t in_flight_ = 0;
  std::size_t items_ = 0;
  std::unordered_map<std::string, std::size_t> per_client_;
};

}  // namespace dompet::http
