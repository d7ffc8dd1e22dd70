#pragma once

#include <caf/all.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/cluster/basp_links.hpp"

namespace dompet {

/// Looks every few milliseconds until it is true; false when it has not become true in time.
bool becomes_true(const std::function<bool()>& condition, std::chrono::milliseconds limit = std::chrono::seconds(20));

Incarnation random_incarnation();

/// The longest that a peer that is gone may be taken for one that is there (protocol 5.2, and one heartbeat).
inline constexpr auto noticed_within = std::chrono::milliseconds(3'000);

/// What a router saw of its links.
class Arrivals {
 public:
  void arrived(FrameArrived& message);
  void changed(const LinkChanged& message);
  void observed(LinkEvent event);

  /// In the order of their arrival.
  std::vector<std::string> frames_of(const Incarnation& peer) const;
  std::size_t frame_count() const;
  /// Whether the peer's link went up and down in turns, and how it stands now.
  bool says_up(const Incarnation& peer) const;
  int times_down(const Incarnation& peer) const;
  int events(LinkEvent event) const;

  /// From now on frames count as taken in, but never as finished with, as if the router were stuck; until `go_on`.
  void stall();
  void go_on();
  /// Forgets the frames as they come, but counts them.
  void only_count() { only_counts_ = true; }

 private:
  mutable std::mutex guard_{};
  std::map<Incarnation, std::vector<std::string>> frames_{};
  std::map<Incarnation, std::vector<bool>> changes_{};
  std::map<LinkEvent, int> events_{};
  std::atomic<std::size_t> count_{0};
  std::atomic<bool> only_counts_{false};
  bool stalled_ = false;
  std::vector<std::shared_ptr<const void>> receipts_{};
};

/// The settings of a node on a free port of this machine.
ClusterSettings loopback_settings();

/// A node that consists of its links only, with a router that writes down what it hears.
class LinkedNode {
 public:
  explicit LinkedNode(ClusterSettings settings = loopback_settings(), Incarnation incarnation = random_incarnation(),
                      int protocol_min = 1, int protocol_max = 1);
  ~LinkedNode();
  LinkedNode(const LinkedNode&) = delete;

  /// As the others' table of nodes has it.
  NodeRow row() const;
  Incarnation incarnation() const { return me_.incarnation; }
  std::uint16_t port() const { return links_->port(); }
  Links& links() { return *links_; }
  caf::actor_system& system() { return system_; }
  Arrivals& arrivals() { return *arrivals_; }

  bool gets_linked_with(const LinkedNode& peer, std::chrono::milliseconds limit = std::chrono::seconds(20));
  /// Sends as soon as the window allows it. False when the link is down or the window stays full.
  bool send_patiently(const Incarnation& peer, const std::string& frame);

 private:
  struct Config : caf::actor_system_config {
    explicit Config(const ClusterSettings& settings);
  };

  Config config_;
  caf::actor_system system_;
  NodeRow me_{};
  std::shared_ptr<Arrivals> arrivals_ = std::make_shared<Arrivals>();
  RouterActor router_{};
  std::unique_ptr<Links> links_{};
};

void link_both(LinkedNode& one, LinkedNode& other);

}  // namespace dompet
