#pragma once

#include <caf/all.hpp>

#include <functional>
#include <memory>

#include "actors/cluster/links.hpp"
#include "actors/messages.hpp"

namespace dompet {

/// What happens to links, for whoever counts it.
enum class LinkEvent : std::uint8_t {
  /// A link that was up is not any more.
  lost,
  /// An envelope was dropped: for another incarnation, of a stranger, or of an earlier greeting.
  dropped,
  /// A greeting was refused, here or by the peer.
  refused,
  /// The gateway has ended by itself: nobody reaches this node any more.
  gateway_ended,
};
/// Called from actor threads: count and return.
using LinkObserver = std::function<void(LinkEvent)>;

/// Prepares the configuration of an actor system whose nodes are linked: CAF's middleman, its heartbeats, the one type
/// that travels. Does nothing when the node serves alone.
void add_links_to(caf::actor_system_config& config, const ClusterSettings& settings);

/// Links over CAF's BASP. One gateway actor, at `settings.listen`, takes in what the peers send; one link actor a peer
/// sends. Each side of a pair greets the other for itself; whether they share a connection is CAF's affair.
///
/// `me` needs the incarnation and the protocol versions. The system must outlive the links; when they are destroyed,
/// all their actors have ended, and neither router nor observer hears of them again. When `listen` is empty, there are
/// no peers and every `send` says `down`. Throws std::runtime_error with a whole sentence when the address cannot be
/// had, the secret is missing, or the TLS files cannot be used.
std::unique_ptr<Links> make_basp_links(caf::actor_system& system, const ClusterSettings& settings, const NodeRow& me,
                                       RouterActor router, LinkObserver observer = {});

}  // namespace dompet
