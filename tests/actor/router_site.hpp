#pragma once

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/cluster/router.hpp"
#include "tests/unit/given.hpp"

/// A node of which only the router is real: what it says to links, shards, coordinators and askers is written down, and
/// the test says what they say to it. Time is virtual.
namespace dompet::simulated {

inline Incarnation node_number(std::uint64_t number) { return {given::uuid(900 + number)}; }

class RouterMachine {
 public:
  RouterMachine() { spdlog::set_level(spdlog::level::off); }

  caf::actor_system& system() { return system_; }
  /// Until nothing can happen before time passes.
  void run() {
    while (scheduler_.try_run_once()) {
    }
  }
  void pass(std::chrono::milliseconds time) {
    constexpr std::chrono::milliseconds piece{10};
    for (run(); time.count() > 0; time -= piece, run())
      scheduler_.advance_time(piece);
  }
  /// Whether something will happen if only time passes.
  bool awaits_time() const { return scheduler_.has_pending_timeout(); }

 private:
  struct Config : caf::actor_system_config {
    Config() {
      set("scheduler.policy", caf::atom("testing"));
      set("logger.console", caf::atom("none"));
    }
  };
  Config config_{};
  caf::actor_system system_{config_};
  caf::scheduler::test_coordinator& scheduler_ = dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
};

class RouterSite final : public ReplySink, public Links {
 public:
  static constexpr Shard shards = 8;

  NodePtr node = std::make_shared<Node>(settings(), 1);
  AnswerRouter answer_router{*node, *this};
  /// What was said and no test has listened to.
  std::unordered_map<Incarnation, std::vector<std::string>> sent{};
  std::unordered_map<std::uint64_t, Result> answers{};
  std::size_t answer_count = 0;
  std::vector<Submit> submits{};
  std::vector<CreditAsk> decisions_asked{};
  std::vector<std::pair<Shard, Proof>> proofs{};
  std::vector<std::pair<Shard, NoProof>> no_proofs{};
  int looks = 0;

  RouterSite(RouterMachine& machine, std::uint64_t number) : machine_(machine) {
    node->me.incarnation = node_number(number);
    node->sink = &answer_router;
    node->links = this;
    for (Shard shard = 0; shard < shards; ++shard) {
      node->shards.push_back(machine.system().spawn(shard_of_site, this));
      node->sagas.push_back(machine.system().spawn(saga_of_site, this, shard));
    }
    node->membership = machine.system().spawn(membership_of_site, this);
    node->router = machine.system().spawn(router_actor, node);
    map();
  }
  ~RouterSite() override {
    for (const ShardActor& shard : node->shards)
      caf::anon_send_exit(shard, caf::exit_reason::kill);
    for (const SagaEngineActor& saga : node->sagas)
      caf::anon_send_exit(saga, caf::exit_reason::kill);
    caf::anon_send_exit(node->membership, caf::exit_reason::kill);
    caf::anon_send_exit(node->router, caf::exit_reason::kill);
    machine_.run();
    // The actors know each other through the node.
    node->shards.clear();
    node->sagas.clear();
    node->membership = MembershipActor{};
    node->router = RouterActor{};
  }
  RouterSite(const RouterSite&) = delete;

  static EngineSettings settings() {
    EngineSettings settings;
    settings.shard_count = shards;
    return settings;
  }

  // --- what the test says ---

  template <class Message>
  void tell(Message message) {
    caf::anon_send(node->router, std::move(message));
    machine_.run();
  }
  void submit(std::uint64_t correlation, Request request, std::uint8_t hops = 0) {
    tell(Forward{Submit{correlation, std::move(request), hops}});
  }
  void arrive(std::uint64_t from, const RemoteMessage& message) {
    tell(FrameArrived{node_number(from), encode(message)});
  }
  /// The table says: this node has the shard, under this epoch; zero is nobody.
  void own(Shard shard, std::uint64_t number, std::uint64_t epoch) {
    rows_[shard] = {shard, number == 0 ? Incarnation{} : node_number(number), epoch, {}};
    map();
    tell(MapChanged{});
  }
  void serve(Shard shard, bool served = true) {
    node->seats[shard].generation = served ? 1 : 0;
    tell(MapChanged{});
  }
  void link(std::uint64_t number, Sent state) {
    const bool was_up = is_up(node_number(number));
    states_[node_number(number)] = state;
    if (was_up != (state != Sent::down))
      tell(LinkChanged{node_number(number), !was_up});
  }

  // --- what the router said ---

  /// The next message that went to that node, and to which no test has listened yet.
  template <class Message>
  std::optional<Message> sent_to(std::uint64_t number) {
    auto& frames = sent[node_number(number)];
    if (frames.empty())
      return std::nullopt;
    const RemoteMessage message = decode_remote(frames.front());
    frames.erase(frames.begin());
    return std::get<Message>(message);
  }
  /// Everything that went to the other node arrives there.
  void carry(RouterSite& to) {
    for (std::string& frame : std::exchange(sent[to.node->me.incarnation], {}))
      to.tell(FrameArrived{node->me.incarnation, std::move(frame)});
  }
  /// What an asker was told if it was "not now".
  const NotNow* refusal(std::uint64_t correlation) const {
    const auto found = answers.find(correlation);
    return found == answers.end() ? nullptr : std::get_if<NotNow>(&found->second);
  }

  // --- ReplySink, Links ---

  void deliver(std::vector<Answer> delivered) override {
    for (Answer& answer : delivered) {
      answer_count += 1;
      answers.insert_or_assign(answer.correlation, std::move(answer.result));
    }
  }
  void set_peers(const std::vector<NodeRow>&) override {}
  Sent send(const Incarnation& peer, std::string frame) override {
    const auto state = states_.find(peer);
    if (state == states_.end() || state->second == Sent::down)
      return Sent::down;
    if (state->second == Sent::sent)
      sent[peer].push_back(std::move(frame));
    return state->second;
  }
  bool is_up(const Incarnation& peer) const override {
    const auto state = states_.find(peer);
    return state != states_.end() && state->second != Sent::down;
  }

 private:
  template <class Message>
  static auto ignore() {
    return [](const Message&) {};
  }

  static ShardActor::behavior_type shard_of_site(ShardActor::pointer, RouterSite* site) {
    return {[site](Submit& submit) { site->submits.push_back(std::move(submit)); },
            ignore<Route>(),
            [site](AskDecision& asked) { site->decisions_asked.push_back(std::move(asked.ask)); },
            ignore<WalletLoaded>(),
            ignore<KeyLookedUp>(),
            ignore<DecisionLookedUp>(),
            ignore<DecisionDurable>(),
            ignore<KeysLoaded>(),
            ignore<KeyFreed>(),
            ignore<WalletQuiesced>(),
            ignore<WalletDrained>(),
            ignore<QuarantineWallet>(),
            ignore<AnnounceCrash>(),
            ignore<BeginGeneration>(),
            ignore<EndTenure>(),
            ignore<ReleaseShard>(),
            ignore<ExpiredFound>(),
            ignore<Tick>()};
  }
  static SagaEngineActor::behavior_type saga_of_site(SagaEngineActor::pointer, RouterSite* site, Shard shard) {
    return {ignore<SagaReserved>(),
            ignore<SagaCancelling>(),
            ignore<SagaUnderReview>(),
            [site, shard](const Proof& proof) { site->proofs.emplace_back(shard, proof); },
            [site, shard](const NoProof& word) { site->no_proofs.emplace_back(shard, word); },
            ignore<ProviderWord>(),
            ignore<CannotTake>(),
            ignore<OrderSaga>(),
            ignore<PauseSagas>(),
            ignore<SagaFinished>(),
            ignore<SagasFound>(),
            ignore<BeginGeneration>(),
            ignore<EndTenure>(),
            ignore<Tick>()};
  }
  static MembershipActor::behavior_type membership_of_site(MembershipActor::pointer, RouterSite* site) {
    return {ignore<ShardsSeen>(), [site](const LookNow&) { site->looks += 1; },
            ignore<Leave>(),      ignore<RebalanceNow>(),
            ignore<DrainNode>(),  ignore<Tick>()};
  }

  void map() {
    auto view = std::make_shared<ClusterView>();
    for (Shard shard = 0; shard < shards; ++shard)
      view->shards.push_back({rows_[shard], 0, false});
    for (std::uint64_t number = 1; number <= 4; ++number) {
      NodeView other;
      other.row.incarnation = node_number(number);
      other.is_me = other.row.incarnation == node->me.incarnation;
      view->nodes.push_back(other);
    }
    node->view.store(std::move(view));
  }

  RouterMachine& machine_;
  std::unordered_map<Shard, ShardRow> rows_{};
  std::unordered_map<Incarnation, Sent> states_{};
};

constexpr std::uint64_t asker = 7;

/// The node that a test looks at, number 1, with links to nodes 2 and 3.
struct Town {
  RouterMachine machine{};
  RouterSite here{machine, 1};
  WalletId wallet = given::wallet_id(1);
  Shard shard = shard_of(wallet, RouterSite::shards);

  Town() {
    here.link(2, Sent::sent);
    here.link(3, Sent::sent);
  }
  Request transfer() const { return MoveMoneyRequest{given::transfer(1, 100), {{given::uuid(5)}, 6}}; }
  Request read() const { return ReadWalletRequest{wallet, false}; }

  bool told_not_applied() const { return here.refusal(asker) != nullptr && !here.refusal(asker)->may_be_applied; }
  bool told_unknown() const { return here.refusal(asker) != nullptr && here.refusal(asker)->may_be_applied; }
  std::size_t frames_to(std::uint64_t number) { return here.sent[node_number(number)].size(); }
};

}  // namespace dompet::simulated
