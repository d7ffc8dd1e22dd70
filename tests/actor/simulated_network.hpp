#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "actors/cluster/links.hpp"
#include "actors/messages.hpp"

namespace dompet::simulated {

/// What the network does to frames, apart from partitions.
struct Weather {
  int loss_percent = 0;
  /// Of frames that arrive twice, in the order of things or much later.
  int double_percent = 0;
  std::chrono::milliseconds delay_most{0};
  /// What may be under way from one process to another.
  std::size_t window = 1'024;
};

/// The network between simulated processes: frames are lost, doubled, late and out of order, and ways are blocked, in
/// one direction or in both. Links go up and down as a process would notice it: after the time-out when nothing is
/// heard, at once when the other process ended and that can be seen. A frame reaches only the start of a process that
/// it was sent to; whether its sender still lives is not asked. Harder than real links, which number their frames:
/// those never bring one twice.
class SimulatedNetwork {
 public:
  /// Hands a message to a process's router.
  struct Ear {
    std::function<void(FrameArrived)> frame{};
    std::function<void(LinkChanged)> link{};
  };

  SimulatedNetwork(std::uint64_t seed, std::size_t machines, std::chrono::milliseconds link_timeout);
  ~SimulatedNetwork();

  /// A process begins on a machine. The links are valid until `disconnect`; from `silence` on nothing leaves it.
  Links& connect(const Incarnation& process, std::size_t machine, Ear ear);
  void silence(const Incarnation& process);
  void disconnect(const Incarnation& process);
  /// A machine that stands still neither sends nor notices anything.
  void freeze(std::size_t machine, bool is_frozen);

  /// Time has come to this: links go up and down.
  void pass(std::int64_t now_ms);
  /// Frames that may arrive now.
  std::size_t due() const { return due_.size(); }
  void deliver(std::size_t index);

  // --- what shall go wrong ---

  void set_weather(const Weather& weather) { weather_ = weather; }
  void block(std::size_t from, std::size_t to, bool is_blocked) { blocked_[from][to] = is_blocked; }
  /// An old frame comes once more, however old it is; a request only if `with_requests`.
  void replay_a_frame(bool with_requests);
  void heal();

  // --- what a test wants to hear ---

  /// A request for money comes twice.
  void on_double(std::function<void(const TransactionId&)> listen) { doubled_ = std::move(listen); }
  void on_send(std::function<void(const Incarnation&, const Incarnation&, const std::string&)> listen) {
    listen_ = std::move(listen);
  }

 private:
  class ProcessLinks;
  struct Frame {
    Incarnation from{};
    Incarnation to{};
    std::string bytes{};
    std::size_t from_machine = 0;
    std::size_t to_machine = 0;
    std::int64_t due_ms = 0;
    std::shared_ptr<const void> receipt{};
  };

  Sent send(const ProcessLinks& from, const ProcessLinks* to, std::string bytes, std::shared_ptr<const void> receipt);
  void note_doubled(const std::string& bytes) const;
  bool is_open(std::size_t from, std::size_t to) const { return !blocked_[from][to]; }
  bool hears(const ProcessLinks& one, const ProcessLinks* other) const;
  ProcessLinks* find(const Incarnation& process) const;
  std::int64_t below(std::int64_t bound) { return bound <= 0 ? 0 : static_cast<std::int64_t>(random_()) % bound; }
  bool chance(int percent) { return below(100) < percent; }

  std::minstd_rand random_;
  std::chrono::milliseconds link_timeout_;
  std::int64_t now_ms_ = 0;
  Weather weather_{};
  std::vector<std::vector<bool>> blocked_;
  std::vector<bool> frozen_;
  std::map<Incarnation, std::unique_ptr<ProcessLinks>> processes_;
  std::vector<Frame> under_way_{};
  std::vector<Frame> due_{};
  /// Frames of the past, to be sent once more.
  std::deque<Frame> past_{};
  std::function<void(const TransactionId&)> doubled_{};
  std::function<void(const Incarnation&, const Incarnation&, const std::string&)> listen_{};
};

}  // namespace dompet::simulated
