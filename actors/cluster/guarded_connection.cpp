#include "actors/cluster/guarded_connection.hpp"

#include <caf/io/network/native_socket.hpp>
#include <caf/policy/tcp.hpp>
#include <sys/socket.h>

namespace dompet {

using caf::io::network::native_socket;
using caf::io::network::rw_state;

bool may_follow(const caf::io::basp::header& header) {
  using caf::io::basp::message_type;
  if (!caf::io::basp::valid(header) || header.payload_len > basp_payload_limit_bytes)
    return false;
  switch (header.operation) {
    case message_type::heartbeat: return header.payload_len == 0;
    case message_type::server_handshake:
    case message_type::client_handshake:
    case message_type::direct_message:
    case message_type::monitor_message:
    case message_type::down_message: return header.payload_len > 0;
    case message_type::routed_message: return false;
  }
  return false;
}

rw_state Traffic::read_some(std::size_t& result, native_socket socket, void* bytes, std::size_t size) {
  result = 0;
  if (!tls_)
    return caf::policy::tcp::read_some(result, socket, bytes, size);
  if (!tls_->established()) {
    if (tls_->shake_hands().failed)
      return rw_state::failure;
    if (!tls_->established())
      return rw_state::indeterminate;
    connection_->established();
  }
  const TlsSession::Step step = tls_->read(bytes, size);
  result = step.bytes;
  return step.failed ? rw_state::failure : rw_state::success;
}

rw_state Traffic::write_some(std::size_t& result, native_socket socket, const void* bytes, std::size_t size) {
  result = 0;
  if (!tls_)
    return caf::policy::tcp::write_some(result, socket, bytes, size);
  const TlsSession::Step step = tls_->write(bytes, size);
  result = step.bytes;
  return step.failed ? rw_state::failure : rw_state::success;
}

GuardedConnection::GuardedConnection(caf::io::network::default_multiplexer& multiplexer, Socket socket,
                                     std::unique_ptr<TlsSession> tls,
                                     std::shared_ptr<std::atomic<int>> open_connections)
    : scribe(caf::io::network::conn_hdl_from_socket(socket.descriptor())), established_(tls == nullptr),
      open_connections_(std::move(open_connections)), stream_(multiplexer, socket.release(), std::move(tls), this) {
  *open_connections_ += 1;
  caf::io::network::keepalive(stream_.fd(), true);
}

GuardedConnection::~GuardedConnection() { *open_connections_ -= 1; }

void GuardedConnection::established() {
  established_ = true;
  flush();
}

bool GuardedConnection::consume(caf::execution_unit* unit, const void* bytes, std::size_t size) {
  if (payload_follows_) {
    payload_follows_ = false;
    return scribe::consume(unit, bytes, size);
  }
  caf::io::basp::header header{};
  caf::binary_deserializer source{unit, static_cast<const char*>(bytes), size};
  if (source(header) || !may_follow(header)) {
    // As if reading had failed: the broker cleans up after this connection, and it closes.
    io_failure(unit, caf::io::network::operation::read);
    return false;
  }
  payload_follows_ = header.payload_len > 0;
  return scribe::consume(unit, bytes, size);
}

void GuardedConnection::configure_read(caf::io::receive_policy::config config) {
  stream_.configure_read(config);
  if (!launched_)
    stream_.start(this);
  launched_ = true;
}

void GuardedConnection::ack_writes(bool enable) { stream_.ack_writes(enable); }

std::vector<char>& GuardedConnection::wr_buf() { return stream_.wr_buf(); }

std::vector<char>& GuardedConnection::rd_buf() { return stream_.rd_buf(); }

void GuardedConnection::graceful_shutdown() {
  const caf::intrusive_ptr<GuardedConnection> until_done{this};
  // What the kernel has is still sent. What waits for it here would keep the loop, and with it the process, waiting for
  // a peer that does not read.
  ::shutdown(stream_.fd(), SHUT_RDWR);
  stream_.graceful_shutdown();
  detach(&stream_.backend(), false);
}

void GuardedConnection::flush() {
  // What is to be written waits for the end of the handshake, which only reading drives.
  if (established_)
    stream_.flush(this);
}

std::string GuardedConnection::addr() const {
  const auto address = caf::io::network::remote_addr_of_fd(stream_.fd());
  return address ? *address : std::string{};
}

std::uint16_t GuardedConnection::port() const {
  const auto port = caf::io::network::remote_port_of_fd(stream_.fd());
  return port ? *port : std::uint16_t{0};
}

void GuardedConnection::add_to_loop() { stream_.activate(this); }

void GuardedConnection::remove_from_loop() {
  stream_.passivate();
  // The loop forgets to say so of a connection that it had not even taken up, which would then never be closed.
  if (stream_.eventbf() == 0)
    stream_.removed_from_loop(caf::io::network::operation::read);
}

}  // namespace dompet
