#include "tests/actor/simulated_network.hpp"

#include <algorithm>
#include <utility>

namespace dompet::simulated {

namespace {

constexpr std::size_t remembered_frames = 200;
constexpr std::int64_t reconnect_most_ms = 600;
/// Of frames that are sent into a way that is blocked: the rest waits until it is open again.
constexpr int lost_where_blocked_percent = 70;
/// Of ends of processes: the others see the connection close; else they hear nothing and wait for the time-out.
constexpr int end_is_seen_percent = 70;
/// How much later than the first the second copy of a frame may come.
constexpr std::int64_t much_later_ms = 20'000;

}  // namespace

class SimulatedNetwork::ProcessLinks final : public Links {
 public:
  ProcessLinks(SimulatedNetwork& network, const Incarnation& process, std::size_t machine, Ear ear)
      : id(process), home(machine), ear_(std::move(ear)), network_(network) {}

  void set_peers(const std::vector<NodeRow>& rows) override {
    std::map<Incarnation, Peer> before = std::exchange(peers_, {});
    for (const NodeRow& row : rows) {
      const auto known = before.find(row.incarnation);
      peers_[row.incarnation] = known != before.end() ? known->second : Peer{};
    }
    for (const auto& [peer, state] : before)
      if (state.is_up && !peers_.contains(peer))
        ear_.link({peer, false});
  }

  Sent send(const Incarnation& peer, std::string frame) override {
    const auto known = peers_.find(peer);
    if (known == peers_.end() || !known->second.is_up)
      return Sent::down;
    const auto& window = known->second.window;
    if (static_cast<std::size_t>(window.use_count() - 1) >= network_.weather_.window)
      return Sent::busy;
    return network_.send(*this, network_.find(peer), std::move(frame), std::shared_ptr<const void>(window));
  }

  bool is_up(const Incarnation& peer) const override {
    const auto known = peers_.find(peer);
    return known != peers_.end() && known->second.is_up;
  }

  std::uint16_t port() const override { return 7'700; }

  void hear(FrameArrived frame) const { ear_.frame(std::move(frame)); }

  void look(std::int64_t now_ms) {
    for (auto& [peer, state] : peers_)
      look(peer, state, now_ms);
  }

  /// Both of them noticed, or it was only heard: the connection is closed.
  void close_seen(const Incarnation& peer) {
    if (const auto known = peers_.find(peer); known != peers_.end() && known->second.is_up)
      go_down(peer, known->second);
  }

  const Incarnation id;
  const std::size_t home;

 private:
  struct Peer {
    bool is_up = false;
    std::int64_t heard_ms = 0;
    std::int64_t try_ms = 0;
    /// Held once here and once by each frame that is under way.
    std::shared_ptr<int> window = std::make_shared<int>();
  };

  void look(const Incarnation& peer, Peer& state, std::int64_t now_ms) {
    const bool hears = network_.hears(*this, network_.find(peer));
    if (hears && state.is_up)
      state.heard_ms = now_ms;
    if (state.is_up && now_ms - state.heard_ms >= network_.link_timeout_.count())
      return go_down(peer, state);
    if (state.is_up || !hears || now_ms < state.try_ms)
      return;
    state.is_up = true;
    state.heard_ms = now_ms;
    state.window = std::make_shared<int>();
    ear_.link({peer, true});
  }

  void go_down(const Incarnation& peer, Peer& state) {
    state.is_up = false;
    state.try_ms = network_.now_ms_ + network_.below(reconnect_most_ms);
    ear_.link({peer, false});
  }

  Ear ear_;
  SimulatedNetwork& network_;
  std::map<Incarnation, Peer> peers_{};
};

SimulatedNetwork::SimulatedNetwork(std::uint64_t seed, std::size_t machines, std::chrono::milliseconds link_timeout)
    : random_(static_cast<std::minstd_rand::result_type>(seed % 2'147'483'646 + 1)), link_timeout_(link_timeout),
      blocked_(machines, std::vector<bool>(machines, false)), frozen_(machines, false) {}

SimulatedNetwork::~SimulatedNetwork() = default;

SimulatedNetwork::ProcessLinks* SimulatedNetwork::find(const Incarnation& process) const {
  const auto found = processes_.find(process);
  return found == processes_.end() ? nullptr : found->second.get();
}

Links& SimulatedNetwork::connect(const Incarnation& process, std::size_t machine, Ear ear) {
  auto& links = processes_[process];
  links = std::make_unique<ProcessLinks>(*this, process, machine, std::move(ear));
  return *links;
}

void SimulatedNetwork::silence(const Incarnation& process) { find(process)->set_peers({}); }

void SimulatedNetwork::disconnect(const Incarnation& process) {
  const std::unique_ptr<ProcessLinks> ended = std::move(processes_[process]);
  processes_.erase(process);
  for (const auto& [id, links] : processes_)
    if (is_open(ended->home, links->home) && !frozen_[links->home] && chance(end_is_seen_percent))
      links->close_seen(process);
}

void SimulatedNetwork::freeze(std::size_t machine, bool is_frozen) { frozen_[machine] = is_frozen; }

/// A link needs both ways, since whoever connects is answered.
bool SimulatedNetwork::hears(const ProcessLinks& one, const ProcessLinks* other) const {
  return other != nullptr && !frozen_[other->home] && is_open(one.home, other->home) && is_open(other->home, one.home);
}

void SimulatedNetwork::pass(std::int64_t now_ms) {
  now_ms_ = now_ms;
  for (const auto& [id, links] : processes_)
    if (!frozen_[links->home])
      links->look(now_ms);
  const auto waits = [&](const Frame& frame) {
    return frame.due_ms > now_ms || !is_open(frame.from_machine, frame.to_machine);
  };
  const auto due = std::partition(under_way_.begin(), under_way_.end(), waits);
  due_.insert(due_.end(), std::move_iterator(due), std::move_iterator(under_way_.end()));
  under_way_.erase(due, under_way_.end());
}

/// To a process that ended it is sent all the same: it is lost there.
Sent SimulatedNetwork::send(const ProcessLinks& from, const ProcessLinks* to, std::string bytes,
                            std::shared_ptr<const void> receipt) {
  if (to == nullptr)
    return Sent::sent;
  if (listen_)
    listen_(from.id, to->id, bytes);
  Frame frame{from.id, to->id, std::move(bytes), from.home, to->home, now_ms_, std::move(receipt)};
  past_.push_back(frame);
  past_.back().receipt.reset();
  if (past_.size() > remembered_frames)
    past_.pop_front();
  const bool is_lost =
      chance(weather_.loss_percent) || (!is_open(from.home, to->home) && chance(lost_where_blocked_percent));
  if (is_lost)
    return Sent::sent;
  if (chance(weather_.double_percent)) {
    Frame copy = past_.back();
    copy.due_ms = now_ms_ + below(chance(50) ? weather_.delay_most.count() + 1 : much_later_ms);
    note_doubled(copy.bytes);
    under_way_.push_back(std::move(copy));
  }
  frame.due_ms += below(weather_.delay_most.count() + 1);
  const bool is_due = frame.due_ms <= now_ms_ && is_open(from.home, to->home);
  (is_due ? due_ : under_way_).push_back(std::move(frame));
  return Sent::sent;
}

void SimulatedNetwork::note_doubled(const std::string& bytes) const {
  const RemoteMessage message = decode_remote(bytes);
  if (const auto* request = std::get_if<RemoteRequest>(&message))
    if (const auto* money = std::get_if<MoveMoneyRequest>(&request->request))
      if (doubled_)
        doubled_(money->transaction->id);
}

void SimulatedNetwork::replay_a_frame(bool with_requests) {
  if (past_.empty())
    return;
  const Frame& frame = past_[static_cast<std::size_t>(below(static_cast<std::int64_t>(past_.size())))];
  const RemoteMessage message = decode_remote(frame.bytes);
  if (!with_requests && std::holds_alternative<RemoteRequest>(message))
    return;
  note_doubled(frame.bytes);
  due_.push_back(frame);
}

void SimulatedNetwork::deliver(std::size_t index) {
  Frame frame = std::exchange(due_[index], std::move(due_.back()));
  due_.pop_back();
  if (const ProcessLinks* to = find(frame.to))
    to->hear({frame.from, std::move(frame.bytes), std::move(frame.receipt)});
}

void SimulatedNetwork::heal() {
  weather_ = {};
  for (std::vector<bool>& row : blocked_)
    row.assign(row.size(), false);
}

}  // namespace dompet::simulated
