#pragma once

#include <caf/all.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace dompet {

/// `host:port`, an IPv6 host in brackets.
struct HostPort {
  std::string host{};
  std::uint16_t port = 0;
};

/// Nothing when the text is no such address. The host may be empty: every address of this machine.
std::optional<HostPort> parse_host_port(const std::string& text);

/// An open TCP connection; closes it at the end.
class Socket {
 public:
  explicit Socket(int descriptor = -1) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(other.release()) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  explicit operator bool() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  int release();

 private:
  int descriptor_;
};

struct Connected {
  Socket socket{};
  /// The address that answered, in numbers.
  std::string address{};
  /// Why there is none.
  std::string failure{};
};

/// Connects, and gives up after the limit, however long the kernel would go on trying. Blocks that long, and as long as
/// the name service takes when the host is a name.
Connected connect_within(const HostPort& peer, std::chrono::milliseconds limit);

/// What a probe found.
struct Probed {
  std::uint64_t attempt = 0;
  /// The address that answered, in numbers; empty when none did.
  std::string address{};
  std::string failure{};
};

/// Tries the address and tells `asker`. CAF's own connect blocks one thread for all peers, for minutes when a peer
/// swallows packets (H3), so nobody is given to it who did not just answer. Spawn it detached: it blocks.
void probe_actor(caf::event_based_actor* self, const caf::actor& asker, std::uint64_t attempt, const HostPort& peer,
                 std::chrono::milliseconds limit);

}  // namespace dompet

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dompet::Probed)
