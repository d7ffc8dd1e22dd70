#pragma once

struct sockaddr;

namespace dompet {

/// Whether an address is one of the open internet, by the special-purpose registries of IANA (RFC 6890). IPv4 in IPv6
/// is judged as what it carries.
bool is_public(const sockaddr& address);

}  // namespace dompet
