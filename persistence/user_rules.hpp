#pragma once

#include <functional>
#include <string>
#include <vector>

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
/// One after another; the first refusal counts.
ReferenceGuard all_of(std::vector<ReferenceGuard> guards);

}  // namespace dompet
