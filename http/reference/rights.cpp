#include "http/reference/rights.hpp"

#include "http/access/permissions.hpp"

namespace dompet::http {

Holds rights_of(const Exchange& exchange) {
  return [own = exchange.caller.permissions](const std::vector<std::string>& names) {
    PermissionSet together = own;
    for (const std::string& name : names) {
      PermissionSet one;
      // A name that this version does not know gives nothing.
      if (one.add(name))
        together.add(one);
    }
    return together == own;
  };
}

}  // namespace dompet::http
