#include "outbound/address.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace dompet {

namespace {

struct Block4 {
  std::uint32_t network;
  int bits;
};

constexpr std::uint32_t quad(unsigned a, unsigned b, unsigned c, unsigned d) {
  return (a << 24U) | (b << 16U) | (c << 8U) | d;
}

/// IANA IPv4 special-purpose registry: what is not globally reachable, and multicast.
constexpr std::array closed4{
    Block4{quad(0, 0, 0, 0), 8},      Block4{quad(10, 0, 0, 0), 8},     Block4{quad(100, 64, 0, 0), 10},
    Block4{quad(127, 0, 0, 0), 8},    Block4{quad(169, 254, 0, 0), 16}, Block4{quad(172, 16, 0, 0), 12},
    Block4{quad(192, 0, 0, 0), 24},   Block4{quad(192, 0, 2, 0), 24},   Block4{quad(192, 88, 99, 0), 24},
    Block4{quad(192, 168, 0, 0), 16}, Block4{quad(198, 18, 0, 0), 15},  Block4{quad(198, 51, 100, 0), 24},
    Block4{quad(203, 0, 113, 0), 24}, Block4{quad(224, 0, 0, 0), 4},    Block4{quad(240, 0, 0, 0), 4},
};

bool is_public4(std::uint32_t address) {
  return std::ranges::none_of(
      closed4, [address](const Block4& block) { return (address ^ block.network) >> (32 - block.bits) == 0; });
}

std::uint32_t four_bytes(const std::uint8_t* bytes) { return quad(bytes[0], bytes[1], bytes[2], bytes[3]); }

bool begins_with(const std::uint8_t* address, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address);
}

bool is_public6(const std::uint8_t* address) {
  if (begins_with(address, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}))  // IPv4-mapped
    return is_public4(four_bytes(address + 12));
  if (begins_with(address, {0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0}))  // NAT64
    return is_public4(four_bytes(address + 12));
  if (begins_with(address, {0x20, 0x02}))  // 6to4
    return is_public4(four_bytes(address + 2));
  if (begins_with(address, {0x20, 0x01, 0x0D, 0xB8}) || begins_with(address, {0x20, 0x01, 0x00}))
    return false;
  return (address[0] & 0xE0U) == 0x20U;  // 2000::/3 is all that is handed out for global unicast
}

}  // namespace

bool is_public(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &address, sizeof four);
    return is_public4(ntohl(four.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6)
    return false;
  sockaddr_in6 six{};
  std::memcpy(&six, &address, sizeof six);
  return is_public6(six.sin6_addr.s6_addr);
}

}  // namespace dompet
