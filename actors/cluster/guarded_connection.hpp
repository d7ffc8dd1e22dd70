#pragma once

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/io/basp/all.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/stream_impl.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/cluster/probe.hpp"
#include "actors/cluster/tls.hpp"

namespace dompet {

/// The largest message that BASP may announce: an envelope of the largest body, and CAF's own words around it.
inline constexpr std::uint32_t basp_payload_limit_bytes = 128 * 1024;

/// Whether a BASP header may be handed to CAF. CAF 0.17 itself makes room for whatever length a header announces, up to
/// 4 GB, before a byte of it has come, and reads through a null pointer when a handshake announces none (H7). Messages
/// for third nodes are not relayed here.
bool may_follow(const caf::io::basp::header& header);

class GuardedConnection;

/// How bytes get to and from the socket: as they are, or through TLS. What CAF calls a protocol policy.
class Traffic {
 public:
  Traffic(std::unique_ptr<TlsSession> tls, GuardedConnection* connection)
      : tls_(std::move(tls)), connection_(connection) {}

  caf::io::network::rw_state read_some(std::size_t& result, caf::io::network::native_socket socket, void* bytes,
                                       std::size_t size);
  caf::io::network::rw_state write_some(std::size_t& result, caf::io::network::native_socket socket, const void* bytes,
                                        std::size_t size);
  bool must_read_more(caf::io::network::native_socket, std::size_t threshold) const {
    return tls_ && tls_->pending() >= threshold;
  }

 private:
  std::unique_ptr<TlsSession> tls_;
  GuardedConnection* connection_;
};

/// A connection of CAF's broker of which only BASP headers that may follow get to CAF; it closes at any other. With
/// TLS, nothing is read or written before both sides have shown their certificates.
class GuardedConnection : public caf::io::scribe {
 public:
  /// `open_connections` is raised as long as this one exists.
  GuardedConnection(caf::io::network::default_multiplexer& multiplexer, Socket socket, std::unique_ptr<TlsSession> tls,
                    std::shared_ptr<std::atomic<int>> open_connections);
  ~GuardedConnection() override;

  /// Bytes may be written from now on: the handshake is over.
  void established();

  bool consume(caf::execution_unit* unit, const void* bytes, std::size_t size) override;
  void configure_read(caf::io::receive_policy::config config) override;
  void ack_writes(bool enable) override;
  std::vector<char>& wr_buf() override;
  std::vector<char>& rd_buf() override;
  void graceful_shutdown() override;
  void flush() override;
  std::string addr() const override;
  std::uint16_t port() const override;
  void add_to_loop() override;
  void remove_from_loop() override;

 private:
  bool launched_ = false;
  bool established_;
  /// CAF reads a header, then the payload that it announces, then a header.
  bool payload_follows_ = false;
  std::shared_ptr<std::atomic<int>> open_connections_;
  caf::io::network::stream_impl<Traffic> stream_;
};

}  // namespace dompet
