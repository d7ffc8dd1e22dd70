#pragma once

#include <string>
#include <utility>
#include <vector>

namespace dompet {

/// Sends one POST with a JSON body over a connection of its own and waits for the answer's status, at most some
/// seconds. `address` is host:port. Throws std::runtime_error with a sentence when there is no answer.
int post_json(const std::string& address, const std::string& path,
              const std::vector<std::pair<std::string, std::string>>& headers, const std::string& body);

}  // namespace dompet
