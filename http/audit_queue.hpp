#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "actors/engine.hpp"
#include "persistence/audit_log.hpp"

namespace dompet::http {

/// Rows of the audit that follow what was done: they wait here until the query pool has room and database 0 answers,
/// some hundred in a transaction, in order. At most `most_waiting` wait; what comes then is lost, and counted and
/// logged as such. The rows of the last moments before a kill are lost too: only what writes its row in the transaction
/// of its deed has it for certain. Any thread.
class AuditQueue {
 public:
  static constexpr std::size_t most_waiting = 10'000;

  explicit AuditQueue(Engine& engine);

  void add(NewAudit audit);
  /// Tries again what the pool did not take or the database did not answer.
  void tick();
  /// Before the engine ends: waits some seconds for what still waits.
  void finish();

  std::size_t waiting() const;
  std::uint64_t lost() const;

 private:
  /// Outlives the queue as long as the pool has a query of it.
  struct State;
  static void send(Engine& engine, const std::shared_ptr<State>& state);

  Engine& engine_;
  std::shared_ptr<State> state_;
};

}  // namespace dompet::http
