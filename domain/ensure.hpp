#pragma once

#include <stdexcept>
#include <string>

namespace dompet {

/// A broken assumption of our own code. Money code may stop, it may not be wrong: the actor that
/// throws it is restarted from durable state, and its supervisor counts how often that happens.
struct Bug : std::logic_error {
  using std::logic_error::logic_error;
};

/// Checks what must hold whatever a client sends. Stays on in release builds.
inline void ensure(bool condition, const char* sentence) {
  if (!condition) [[unlikely]]
    throw Bug(sentence);
}

inline void ensure(bool condition, const std::string& sentence) {
  if (!condition) [[unlikely]]
    throw Bug(sentence);
}

}  // namespace dompet
