#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

#include "cli/http_client.hpp"

namespace dompet::cli {

/// What makes demo data over HTTP: JSON in, JSON out. An answer that is not 2xx is a std::runtime_error that says what
/// could not be done and what the server said. Blocks.
class SeedClient {
 public:
  explicit SeedClient(HttpClient& client) : client_(client) {}

  /// `what` is for the error: "list the wallets".
  nlohmann::json get(std::string_view path, std::string_view what);
  /// With an idempotency key, unless it is empty. Asks again for some seconds while the server has no room.
  nlohmann::json post(std::string_view path, const nlohmann::json& body, const std::string& key, std::string_view what);
  nlohmann::json put(std::string_view path, const nlohmann::json& body, std::string_view what);

 private:
  HttpClient& client_;
};

}  // namespace dompet::cli
