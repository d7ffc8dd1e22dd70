#pragma once

#include <memory>
#include <string>

#include "actors/provider_port.hpp"

namespace dompet {

class SqlSession;

/// What the simulator has decided, in a table of its own: a real provider has books too. So it says the same of an
/// order however often it is given, after kill -9, and from every node. One thread; every call blocks.
class SimulatorBook {
 public:
  /// Connects at the first call.
  explicit SimulatorBook(std::string database);
  ~SimulatorBook();

  /// Whether the money of the order moved: it was paid out or collected. `refuses` counts only for an order that is
  /// new. A cancelled order that is new is refused for good; a collected top-up goes back, a withdrawal that was paid
  /// does not. Throws Unavailable; then nothing was decided, or it will be said the next time.
  bool decide(const ProviderOrder& order, bool refuses);

 private:
  std::unique_ptr<SqlSession> session_;
};

}  // namespace dompet
