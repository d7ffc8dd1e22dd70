#include "tests/links/linked_node.hpp"

#include <algorithm>
#include <csignal>
#include <thread>

#include "actors/cluster/greeting.hpp"

namespace dompet {

namespace {

constexpr auto look_again = std::chrono::milliseconds(2);

RouterActor::behavior_type recording_router(RouterActor::pointer, const std::shared_ptr<Arrivals>& arrivals) {
  return {
      [](const Forward&) {},
      [](const AnswerRemote&) {},
      [](const AskRemote&) {},
      [](const TellRemote&) {},
      [arrivals](FrameArrived& message) { arrivals->arrived(message); },
      [arrivals](const LinkChanged& message) { arrivals->changed(message); },
      [](const MapChanged&) {},
      [](const AnnounceShard&) {},
      [](const Tick&) {},
  };
}

}  // namespace

bool becomes_true(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline)
      return false;
    std::this_thread::sleep_for(look_again);
  }
  return true;
}

Incarnation random_incarnation() {
  Incarnation incarnation;
  const Nonce random = fresh_nonce();
  std::copy_n(random.begin(), incarnation.uuid.bytes.size(), incarnation.uuid.bytes.begin());
  return incarnation;
}

void Arrivals::arrived(FrameArrived& message) {
  const std::lock_guard lock(guard_);
  if (stalled_)
    receipts_.push_back(message.receipt);
  if (!only_counts_)
    frames_[message.from].push_back(std::move(message.frame));
  count_ += 1;
}

void Arrivals::changed(const LinkChanged& message) {
  const std::lock_guard lock(guard_);
  changes_[message.peer].push_back(message.up);
}

void Arrivals::observed(LinkEvent event) {
  const std::lock_guard lock(guard_);
  events_[event] += 1;
}

std::vector<std::string> Arrivals::frames_of(const Incarnation& peer) const {
  const std::lock_guard lock(guard_);
  const auto found = frames_.find(peer);
  return found == frames_.end() ? std::vector<std::string>{} : found->second;
}

std::size_t Arrivals::frame_count() const { return count_; }

bool Arrivals::says_up(const Incarnation& peer) const {
  const std::lock_guard lock(guard_);
  const auto found = changes_.find(peer);
  return found != changes_.end() && found->second.back();
}

int Arrivals::times_down(const Incarnation& peer) const {
  const std::lock_guard lock(guard_);
  const auto found = changes_.find(peer);
  return found == changes_.end() ? 0 : static_cast<int>(std::ranges::count(found->second, false));
}

int Arrivals::events(LinkEvent event) const {
  const std::lock_guard lock(guard_);
  const auto found = events_.find(event);
  return found == events_.end() ? 0 : found->second;
}

void Arrivals::stall() {
  const std::lock_guard lock(guard_);
  stalled_ = true;
}

void Arrivals::go_on() {
  std::vector<std::shared_ptr<const void>> receipts;
  const std::lock_guard lock(guard_);
  stalled_ = false;
  receipts.swap(receipts_);
}

ClusterSettings loopback_settings() {
  ClusterSettings settings;
  settings.listen = "127.0.0.1:0";
  settings.secret = "a secret of the tests";
  return settings;
}

LinkedNode::Config::Config(const ClusterSettings& settings) {
  std::signal(SIGPIPE, SIG_IGN);  // as the server does
  set("scheduler.max-threads", static_cast<std::size_t>(2));
  set("work-stealing.aggressive-poll-attempts", static_cast<std::size_t>(1));
  set("work-stealing.moderate-poll-attempts", static_cast<std::size_t>(1));
  set("logger.console", caf::atom("none"));
  add_links_to(*this, settings);
}

LinkedNode::LinkedNode(ClusterSettings settings, Incarnation incarnation, int protocol_min, int protocol_max)
    : config_(settings), system_(config_) {
  me_.incarnation = incarnation;
  me_.name = "node-" + to_string(incarnation).substr(0, 8);
  me_.protocol_min = protocol_min;
  me_.protocol_max = protocol_max;
  router_ = system_.spawn(recording_router, arrivals_);
  links_ = make_basp_links(system_, settings, me_, router_,
                           [arrivals = arrivals_](LinkEvent event) { arrivals->observed(event); });
}

LinkedNode::~LinkedNode() {
  links_.reset();
  caf::anon_send_exit(router_, caf::exit_reason::user_shutdown);
}

NodeRow LinkedNode::row() const {
  NodeRow row = me_;
  row.internal_address = "127.0.0.1:" + std::to_string(links_->port());
  return row;
}

bool LinkedNode::gets_linked_with(const LinkedNode& peer, std::chrono::milliseconds limit) {
  return becomes_true([&] { return links_->is_up(peer.incarnation()) && arrivals_->says_up(peer.incarnation()); },
                      limit);
}

bool LinkedNode::send_patiently(const Incarnation& peer, const std::string& frame) {
  Sent result = Sent::busy;
  becomes_true([&] {
    result = links_->send(peer, frame);
    return result != Sent::busy;
  });
  return result == Sent::sent;
}

void link_both(LinkedNode& one, LinkedNode& other) {
  one.links().set_peers({one.row(), other.row()});
  other.links().set_peers({one.row(), other.row()});
}

}  // namespace dompet
