#pragma once

#include <chrono>
#include <optional>
#include <random>
#include <unordered_map>
#include <unordered_set>

#include "actors/node.hpp"

namespace dompet {

/// The coordinator of a shard's transfers that take the slow path: each step durable before the next is sent
/// (protocol 5.5). It drives the pure state machine of domain/saga.hpp; the durable record of every state is
/// written by the source wallet's entries. After a restart it finds its open sagas in the database and goes on.
class SagaEngine {
 public:
  SagaEngine(SagaEngineActor::pointer self, NodePtr node, Shard shard);

  void on_reserved(const TransferPtr& transfer);
  void on_cancelling(const TransferPtr& transfer);
  void on_proof(const Proof& proof);
  void on_finished(const SagaFinished& finished);
  void on_found(const SagasFound& found);
  void begin_generation(std::uint64_t generation);
  void tick();

 private:
  using Clock = std::chrono::steady_clock;

  struct Saga {
    TransferPtr transfer{};
    SagaState state = SagaState::reserved;
    /// The final record that is on its way; asked for again until it is durable.
    std::optional<FinishHold> finishing{};
    std::chrono::milliseconds back_off{0};
    Clock::time_point begun{};
    Clock::time_point next_send{};
    /// CANCELLING is recorded but not durable: nothing may be sent yet.
    bool cancel_pending = false;
  };

  void hear(Saga& saga, SagaInput input, std::optional<Decline> reason = std::nullopt);
  void send_message(Saga& saga, SagaAction action);
  void finish(Saga& saga, SagaState next, std::optional<Decline> refusal);
  void append_cancelling(Saga& saga);
  void schedule(Saga& saga);
  void resend(Saga& saga);
  void raise_alarm(const Saga& saga);
  void look_for_sagas();
  bool is_news(const TransferPtr& transfer) const;
  /// Whoever waits for a saga that recovery found again shall hear of its end.
  void reunite(const TransferPtr& transfer);

  SagaEngineActor::pointer self_;
  NodePtr node_;
  Shard shard_;
  std::uint64_t generation_ = 0;
  std::unordered_map<TransactionId, Saga> sagas_{};
  /// Sagas of earlier generations of this process whose askers still wait, until recovery has found the open ones.
  std::unordered_map<TransactionId, TransferPtr> waited_for_{};
  /// Sagas that ended while recovery was reading: it may have seen them open.
  std::unordered_set<TransactionId> ended_meanwhile_{};
  bool is_looking_ = false;
  /// When to look for open sagas again, after the database did not answer.
  std::optional<Clock::time_point> look_again_{};
  std::minstd_rand jitter_;
};

SagaEngineActor::behavior_type saga_engine_actor(SagaEngineActor::stateful_pointer<std::unique_ptr<SagaEngine>> self,
                                                 NodePtr node, Shard shard);

}  // namespace dompet
