#pragma once

#include <chrono>
#include <deque>
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
  void on_under_review(const TransferPtr& transfer);
  void on_proof(const Proof& proof);
  void on_no_proof(const NoProof& word);
  void on_finished(const SagaFinished& finished);
  void on_found(const SagasFound& found);
  void on_order(const OrderSaga& order);
  void on_provider_word(const ProviderWord& message);
  void on_cannot_take(const CannotTake& message);
  void begin_generation(const BeginGeneration& begun);
  /// The shard is another node's: it finds the open sagas on record and goes on. Whoever waits here is told how far
  /// his transfer is.
  void end_tenure();
  void pause() { is_paused_ = true; }
  void tick();

 private:
  using Clock = std::chrono::steady_clock;

  struct Saga {
    TransferPtr transfer{};
    SagaState state = SagaState::reserved;
    /// The final record that is on its way; asked for again until it is durable.
    std::optional<FinishSaga> finishing{};
    std::chrono::milliseconds back_off{0};
    Clock::time_point begun{};
    Clock::time_point next_send{};
    /// The next state is recorded but not durable: nothing may be sent yet.
    bool step_pending = false;
    /// By an operator, who resumes it; a cancellation still goes out when he asks for it.
    bool paused = false;
    int attempts = 0;
    /// The last ones, oldest first.
    std::deque<SagaAttempt> last_attempts{};
    Clock::time_point sent{};
    /// How many of the attempts are on record.
    int stored_attempts = 0;
    /// Why it is called off: the wallet does not take a top-up whose money came, or an officer did not let it go on.
    std::optional<Decline> refusal{};
    /// Who ordered the step that is pending, and waits until it is durable; zero when nobody does.
    std::uint64_t order = 0;
    /// What an officer said, for the record of that step.
    std::optional<Verdict> verdict{};
  };

  /// A transfer that is not final in this time is answered as it stands: the client asks again or looks it up.
  static constexpr std::chrono::milliseconds answer_open_after{4'000};

  void hear(Saga& saga, SagaInput input, std::optional<Decline> reason = std::nullopt);
  void send_message(Saga& saga, SagaAction action);
  void finish(Saga& saga, SagaState next, std::optional<Decline> refusal);
  void send_last_step(Saga& saga);
  void append_cancelling(Saga& saga);
  void append_approved(Saga& saga);
  /// A record that only changes the saga's state.
  LaneEntryPtr step_entry(Saga& saga, RecordKind kind, SagaState next) const;

  // Reviews: saga_review.cpp.
  bool is_reviewable(const Saga& saga) const;
  void decide_review(Saga& saga, const OrderSaga& order);
  void end_review_if_over(Saga& saga);

  // Providers: saga_provider.cpp.
  void ask_provider(const Saga& saga, bool cancel);
  void hear_provider(Saga& saga, const ProviderWordRequest& word);
  void hear_after_end(const ProviderWordRequest& word);
  static void note_contradiction(Node& node, const ProviderWordRequest& word);
  void append_topup_refused(Saga& saga);

  /// The next message, when no answer comes or when one came that says nothing.
  void schedule(Saga& saga, std::chrono::milliseconds at_least);
  void resend(Saga& saga);
  void note_attempt(Saga& saga, bool cancel);
  std::string name_of_asked(const Saga& saga) const;
  void close_attempt(Saga& saga, std::string_view answer);
  void answer_if_late(Saga& saga);
  void store_attempts(Saga& saga);
  SagaReport report(const Saga& saga) const;
  void raise_alarm(const Saga& saga);
  void look_for_sagas();
  bool is_news(const TransferPtr& transfer) const;
  /// Whoever waits for a saga that recovery found again shall hear of its end.
  void reunite(const TransferPtr& transfer);

  SagaEngineActor::pointer self_;
  NodePtr node_;
  Shard shard_;
  std::uint64_t generation_ = 0;
  std::uint64_t epoch_ = 0;
  /// The shard is being let go.
  bool is_paused_ = false;
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
