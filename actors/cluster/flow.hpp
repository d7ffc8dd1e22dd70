#pragma once

#include <caf/all.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "actors/cluster/links.hpp"

namespace dompet {

// Flow control. BASP has none: what is sent to a peer that does not read piles up in the sender (H4). So the receiver
// grants a window, and grants again what its router has finished with; whoever sends counts.

/// To a link actor: a frame, within the window.
struct QueueFrame {
  std::uint64_t greeting = 0;
  std::string frame;
};

/// The sender's side of one link: shared by the link actor, which opens and closes it, and by those who send.
class Outflow {
 public:
  /// The link is up under this greeting, with nothing under way.
  void open(std::uint64_t greeting, std::uint64_t window_messages, std::uint64_t window_bytes);
  void close();
  /// What the receiver has finished with since the link came up; false when it cannot be true.
  bool granted(std::uint64_t messages, std::uint64_t bytes);

  /// Queues the frame at the link actor when it fits into the window. A frame larger than the whole window goes alone.
  Sent send(const caf::actor& link, std::string frame);
  bool is_up() const { return up_; }

  /// The link actor is no more.
  void end();
  bool has_ended() const { return ended_; }

 private:
  std::atomic<bool> up_{false}, ended_{false};
  std::mutex guard_{};
  std::uint64_t greeting_ = 0;
  std::uint64_t window_messages_ = 0, window_bytes_ = 0;
  /// Since the link came up.
  std::uint64_t sent_messages_ = 0, sent_bytes_ = 0;
  std::uint64_t granted_messages_ = 0, granted_bytes_ = 0;
};

/// To a gateway: much of a window can be granted again (`soon` is false), or a little.
struct GrantDue {
  Incarnation peer{};
  std::uint64_t greeting = 0;
  bool soon = false;
};

/// The receiver's side of one link: how much of what arrived the router has finished with.
struct Inflow {
  Incarnation peer{};
  std::uint64_t greeting = 0;
  /// From here on a grant does not wait for more to come.
  std::uint64_t many_messages = 1, many_bytes = 1;
  std::atomic<std::uint64_t> finished_messages{0}, finished_bytes{0};
  std::atomic<std::uint64_t> granted_messages{0}, granted_bytes{0};
  /// The gateway has been told already.
  std::atomic<bool> told_now{false}, told_soon{false};
};

/// Goes with the frames of one envelope through the router's mailbox. When the last of them is finished with, and with
/// it this receipt, they count as finished.
class FrameReceipt {
 public:
  FrameReceipt(caf::actor gateway, std::shared_ptr<Inflow> flow, std::uint64_t messages, std::uint64_t bytes);
  FrameReceipt(const FrameReceipt&) = delete;
  ~FrameReceipt();

 private:
  caf::actor gateway_;
  std::shared_ptr<Inflow> flow_;
  std::uint64_t messages_, bytes_;
};

}  // namespace dompet

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dompet::QueueFrame)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dompet::GrantDue)
