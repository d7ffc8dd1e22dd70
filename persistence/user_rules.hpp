#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "persistence/identity_store.hpp"
#include "persistence/reference_store.hpp"

namespace dompet {

// What must hold whenever users and roles change. Guards of a ReferenceStore: they look inside the transaction that is
// about to change the row, under locks, so that two changes at the same moment cannot break together what neither
// breaks alone.

/// Whether the caller has all of these permissions himself.
using Holds = std::function<bool(const std::vector<std::string>& permissions)>;

/// Nobody acts on a user who may do what he himself may not: 403 `forbidden`.
ReferenceGuard not_above(Holds holds);
/// Of users who can log in one stays an administrator: 409 `last_administrator`.
ReferenceGuard an_administrator_stays();
/// The program relies on some roles: 409 `role_protected`; and nobody touches a role that has more than he:
/// `forbidden`.
ReferenceGuard role_may_be_touched(Holds holds);
/// The roles become the user's, instead of those that he has. 404 `role_not_found`; `forbidden` when one has what the
/// caller has not.
ReferenceGuard with_roles(std::vector<std::string> roles, Holds holds);
/// A new address: it is not verified, his codes so far are void, since they were sent to another one, and this one
/// brings him one for it.
/// Nothing when it is the address that he has.
ReferenceGuard verifies_anew(MailedCode code);
/// Of a new user: his address is not verified yet.
ReferenceGuard is_sent(MailedCode code);
/// Tokens name roles. Whoever has this one needs new tokens when its name means something else from now on: it is
/// renamed, goes into the trash, or comes back. Nothing when the name stays `name`.
ReferenceGuard its_users_begin_anew(std::optional<std::string> name = {});
/// One after another; the first refusal counts.
ReferenceGuard all_of(std::vector<ReferenceGuard> guards);

}  // namespace dompet
