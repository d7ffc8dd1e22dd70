#include "actors/cluster/guarded_middleman.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman_actor_impl.hpp>
#include <caf/io/network/doorman_impl.hpp>

#include <atomic>

#include "actors/cluster/guarded_connection.hpp"

namespace dompet {

namespace {

using caf::io::network::default_multiplexer;
using caf::io::network::native_socket;

class GuardedDoorman : public caf::io::network::doorman_impl {
 public:
  GuardedDoorman(default_multiplexer& multiplexer, native_socket socket, std::shared_ptr<const TlsContext> tls)
      : doorman_impl(multiplexer, socket), tls_(std::move(tls)) {}

  bool new_connection() override {
    Socket socket{acceptor_.accepted_socket()};
    if (detached() || *open_connections_ >= accepted_connections_limit)
      return false;
    default_multiplexer& multiplexer = acceptor_.backend();
    std::unique_ptr<TlsSession> session = tls_ ? tls_->accept(socket.descriptor()) : nullptr;
    caf::io::scribe_ptr connection =
        caf::make_counted<GuardedConnection>(multiplexer, std::move(socket), std::move(session), open_connections_);
    const caf::io::connection_handle handle = connection->hdl();
    parent()->add_scribe(std::move(connection));
    return doorman::new_connection(&multiplexer, handle);
  }

 private:
  std::shared_ptr<const TlsContext> tls_;
  std::shared_ptr<std::atomic<int>> open_connections_ = std::make_shared<std::atomic<int>>(0);
};

class GuardedMiddleman : public caf::io::middleman_actor_impl {
 public:
  GuardedMiddleman(caf::actor_config& config, caf::actor broker, std::shared_ptr<const TlsContext> tls,
                   std::chrono::milliseconds connect_limit)
      : middleman_actor_impl(config, std::move(broker)), tls_(std::move(tls)), connect_limit_(connect_limit) {}

 protected:
  caf::expected<caf::io::scribe_ptr> connect(const std::string& host, std::uint16_t port) override {
    Connected connected = connect_within({host, port}, connect_limit_);
    if (!connected.socket)
      return caf::make_error(caf::sec::cannot_connect_to_node, connected.failure);
    std::unique_ptr<TlsSession> session = tls_ ? tls_->connect(connected.socket.descriptor()) : nullptr;
    // Who dials speaks first; the rest of the handshake follows as answers come.
    if (session && session->shake_hands().failed)
      return caf::make_error(caf::sec::cannot_connect_to_node, "TLS cannot begin");
    return caf::io::scribe_ptr{caf::make_counted<GuardedConnection>(multiplexer(), std::move(connected.socket),
                                                                    std::move(session), open_connections_)};
  }

  caf::expected<caf::io::doorman_ptr> open(std::uint16_t port, const char* address, bool reuse) override {
    caf::expected<native_socket> socket = caf::io::network::new_tcp_acceptor_impl(port, address, reuse);
    if (!socket)
      return std::move(socket.error());
    return caf::io::doorman_ptr{caf::make_counted<GuardedDoorman>(multiplexer(), *socket, tls_)};
  }

 private:
  default_multiplexer& multiplexer() { return static_cast<default_multiplexer&>(system().middleman().backend()); }

  std::shared_ptr<const TlsContext> tls_;
  std::chrono::milliseconds connect_limit_;
  std::shared_ptr<std::atomic<int>> open_connections_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace

caf::io::middleman_actor spawn_guarded_middleman(caf::actor_system& system, std::shared_ptr<const TlsContext> tls,
                                                 std::chrono::milliseconds connect_limit) {
  auto broker = system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  return system.spawn<GuardedMiddleman, caf::detached + caf::hidden>(std::move(broker), std::move(tls), connect_limit);
}

}  // namespace dompet
