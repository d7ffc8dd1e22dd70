#pragma once

#include <string>

#include "http/access/permissions.hpp"
#include "persistence/identity_store.hpp"

namespace dompet::http {

/// A user as the contract shows him: never with what his password became.
std::string render_user(const StoredUser& user);
/// The same for himself, with all that he may do.
std::string render_me(const StoredUser& user, const PermissionSet& permissions);

}  // namespace dompet::http
