#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "persistence/membership_store.hpp"

namespace dompet {

/// What became of a frame that was given to a link. Only `sent` means that it may arrive; nothing means that it did.
enum class Sent : std::uint8_t { sent, busy, down };

/// How a node's router reaches its peers: frames of bytes, fire and forget (protocol 5.13). A frame that was sent may
/// be lost, and may arrive late; nothing in safety depends on this layer. Arrivals and changes are told to the router
/// as FrameArrived and LinkChanged. Thread-safe.
class Links {
 public:
  virtual ~Links() = default;

  /// Who shall be connected from now on; links to others are closed. Called with every new view of the cluster.
  virtual void set_peers(const std::vector<NodeRow>& peers) = 0;
  /// At most 64 kB a frame. `busy`: the peer's window is full.
  virtual Sent send(const Incarnation& peer, std::string frame) = 0;
  virtual bool is_up(const Incarnation& peer) const = 0;
  /// The port at which the others reach this node; 0 when it serves alone.
  virtual std::uint16_t port() const { return 0; }
};

}  // namespace dompet
