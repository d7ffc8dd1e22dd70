#include "actors/cluster/flow.hpp"

#include <algorithm>

namespace dompet {

void Outflow::open(std::uint64_t greeting, std::uint64_t window_messages, std::uint64_t window_bytes) {
  const std::lock_guard lock(guard_);
  greeting_ = greeting;
  window_messages_ = window_messages;
  window_bytes_ = window_bytes;
  sent_messages_ = sent_bytes_ = granted_messages_ = granted_bytes_ = 0;
  up_ = true;
}

void Outflow::close() {
  const std::lock_guard lock(guard_);
  up_ = false;
}

void Outflow::end() {
  close();
  ended_ = true;
}

bool Outflow::granted(std::uint64_t messages, std::uint64_t bytes) {
  const std::lock_guard lock(guard_);
  if (messages > sent_messages_ || bytes > sent_bytes_)
    return false;
  granted_messages_ = std::max(granted_messages_, messages);
  granted_bytes_ = std::max(granted_bytes_, bytes);
  return true;
}

Sent Outflow::send(const caf::actor& link, std::string frame) {
  const std::lock_guard lock(guard_);
  if (!up_)
    return Sent::down;
  const std::uint64_t messages = sent_messages_ - granted_messages_, bytes = sent_bytes_ - granted_bytes_;
  const bool fits = messages < window_messages_ && bytes + frame.size() <= window_bytes_;
  if (!fits && messages > 0)
    return Sent::busy;
  sent_messages_ += 1;
  sent_bytes_ += frame.size();
  // Under the lock, so that frames of several threads stand in the mailbox in the order in which they were counted.
  caf::anon_send(link, QueueFrame{greeting_, std::move(frame)});
  return Sent::sent;
}

FrameReceipt::FrameReceipt(caf::actor gateway, std::shared_ptr<Inflow> flow, std::uint64_t messages,
                           std::uint64_t bytes)
    : gateway_(std::move(gateway)), flow_(std::move(flow)), messages_(messages), bytes_(bytes) {}

FrameReceipt::~FrameReceipt() {
  Inflow& flow = *flow_;
  const std::uint64_t messages = flow.finished_messages.fetch_add(messages_) + messages_ - flow.granted_messages;
  const std::uint64_t bytes = flow.finished_bytes.fetch_add(bytes_) + bytes_ - flow.granted_bytes;
  const bool many = messages >= flow.many_messages || bytes >= flow.many_bytes;
  std::atomic<bool>& told = many ? flow.told_now : flow.told_soon;
  if (!told.exchange(true))
    caf::anon_send(gateway_, GrantDue{flow.peer, flow.greeting, !many});
}

}  // namespace dompet
