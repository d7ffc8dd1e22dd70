#pragma once

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <chrono>
#include <memory>

#include "actors/cluster/tls.hpp"

namespace dompet {

/// Connections from others at the same time; a further one is closed at once.
inline constexpr int accepted_connections_limit = 256;

/// Opens ports and makes connections for CAF's BASP broker, in the place of CAF's own middleman actor: they are guarded
/// (guarded_connection.hpp), over TLS when there is a context, and connecting takes no longer than `connect_limit`.
///
/// CAF's own TLS is not used: it leaves OpenSSL's errors in the thread's queue, where the next healthy connection takes
/// them for its own, so a stranger's failed handshake cut the links between members; and it spins while a caller over
/// TLS says nothing.
caf::io::middleman_actor spawn_guarded_middleman(caf::actor_system& system, std::shared_ptr<const TlsContext> tls,
                                                 std::chrono::milliseconds connect_limit);

}  // namespace dompet
