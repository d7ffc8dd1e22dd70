#pragma once

#include <sys/types.h>

#include "tests/links/linked_node.hpp"

namespace dompet {

/// A linked node in a process of its own, which can be stopped and killed: this test program once more, running only
/// the hidden test that is such a node. It ends with its owner.
class PeerProcess {
 public:
  /// Starts it and waits until its port is open. It wants to be linked with `wants`; of the
  /// settings it has the window.
  explicit PeerProcess(const LinkedNode& wants, const ClusterSettings& settings = loopback_settings());
  ~PeerProcess();
  PeerProcess(const PeerProcess&) = delete;

  const NodeRow& row() const { return row_; }
  /// SIGSTOP, SIGCONT, SIGKILL.
  void signal(int number);

 private:
  pid_t process_ = 0;
  /// Closed when we end, however we end.
  int leash_ = -1;
  NodeRow row_{};
};

}  // namespace dompet
