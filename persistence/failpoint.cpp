#include "persistence/failpoint.hpp"

#ifdef DOMPET_FAILPOINTS

#include <csignal>
#include <cstdlib>
#include <mutex>
#include <string>

namespace dompet {

namespace {

struct Armed {
  std::string name{};
  std::string action{};
  long passages_left = 0;
};

Armed parse(std::string_view text) {
  const auto first = text.find(':');
  const auto second = first == text.npos ? text.npos : text.find(':', first + 1);
  Armed armed;
  armed.name = text.substr(0, first);
  armed.action =
      first == text.npos ? "trip" : text.substr(first + 1, second == text.npos ? second : second - first - 1);
  armed.passages_left =
      second == text.npos ? 1 : std::strtol(std::string{text.substr(second + 1)}.c_str(), nullptr, 10);
  return armed;
}

std::mutex guard;

Armed& armed() {
  static Armed state = [] {
    const char* variable = std::getenv("DOMPET_FAILPOINT");
    return variable != nullptr ? parse(variable) : Armed{};
  }();
  return state;
}

}  // namespace

void arm_failpoint(std::string_view specification) {
  const std::lock_guard lock(guard);
  armed() = parse(specification);
}

bool failpoint(std::string_view name) {
  const std::lock_guard lock(guard);
  Armed& state = armed();
  if (state.name == name && state.action == "always")
    return true;
  if (state.name != name || state.passages_left <= 0 || --state.passages_left > 0)
    return false;
  if (state.action == "crash")
    raise(SIGKILL);
  return true;
}

}  // namespace dompet

#endif
