#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace dompet::http {

/// A row of the one table of all that can be allowed. `thing:verb` allows it for what is the caller's own. Where there
/// is an owner at all, `thing:verb:any` allows it for everybody's; otherwise (`for_all`) the plain name does.
struct Permission {
  std::string_view name;
  /// There is nothing of one's own: who has it has it for all.
  bool for_all;
  /// Completes "may …".
  std::string_view allows;
};

std::span<const Permission> all_permissions();

/// How far a caller may go with a request.
enum class Grant : std::uint8_t {
  none,
  /// With what is his own; the route must check whose it is, and answer 404 for what is not.
  own,
  any,
};

/// What somebody may do: names of the table, resolved once.
class PermissionSet {
 public:
  /// Takes "wallets:read", "wallets:read:any", or "*" for everything. False for a name that is not in the table.
  bool add(std::string_view name);
  void add(const PermissionSet& more);
  /// Of a row of the table, by its place.
  Grant grant(std::size_t permission) const;

  bool operator==(const PermissionSet&) const = default;

 private:
  static constexpr std::size_t most = 64;
  std::bitset<most> own_{};
  std::bitset<most> any_{};
};

/// The row's place in the table; nothing when there is no such permission.
std::optional<std::size_t> find_permission(std::string_view name);

/// Whether it may stand in a role: "*", a name of the table, or one with ":any" where that means something.
bool is_grantable(std::string_view name);

}  // namespace dompet::http
