#include "cli/seed_client.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

namespace dompet::cli {

namespace {

/// What the server sheds while it is busy is sent again, for five seconds in all.
constexpr int most_attempts = 20;
constexpr std::chrono::milliseconds pause{250};

using Json = nlohmann::json;

Json expect(const Answer& answer, std::string_view what) {
  if (answer.status < 200 || answer.status > 299)
    throw std::runtime_error("cannot " + std::string(what) + ": the server answered " + std::to_string(answer.status) +
                             " " + answer.body);
  return Json::parse(answer.body);
}

}  // namespace

Json SeedClient::get(std::string_view path, std::string_view what) { return expect(client_.get(path), what); }

Json SeedClient::put(std::string_view path, const Json& body, std::string_view what) {
  return expect(client_.request("PUT", path, body.dump(), {}), what);
}

Json SeedClient::post(std::string_view path, const Json& body, const std::string& key, std::string_view what) {
  HttpClient::Headers headers;
  if (!key.empty())
    headers.emplace_back("Idempotency-Key", key);
  for (int attempt = 1;; ++attempt) {
    const auto answer = client_.request("POST", path, body.dump(), headers);
    const bool no_room = answer.status == 429 || answer.status == 503;
    if (!no_room || attempt == most_attempts)
      return expect(answer, what);
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace dompet::cli
