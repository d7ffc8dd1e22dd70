#include "cli/login.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "cli/command.hpp"

namespace dompet::cli {

namespace {

using Clock = std::chrono::steady_clock;

/// What the last login gave.
struct Kept {
  std::string host{};
  std::string token{};
  Clock::time_point renew_at{};
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Kept log_in(const Endpoint& endpoint, const Login& login) {
  HttpClient client(endpoint);
  const nlohmann::json body{{"email", login.email}, {"password", login.password}};
  const Answer answer = client.request("POST", "/v1/auth/login", body.dump(), {});
  const auto said = nlohmann::json::parse(answer.body, nullptr, false);
  if (answer.status != 200 || !said.is_object())
    throw std::runtime_error("cannot log in as " + login.email + ": " +
                             (said.is_object() ? said.value("title", std::string{}) : std::to_string(answer.status)) +
                             " (DOMPET_ADMIN_EMAIL, DOMPET_ADMIN_PASSWORD)");
  const std::chrono::seconds life(said.value("expires_in", 0));
  return {endpoint.host_header, said.value("access_token", std::string{}), Clock::now() + life * 3 / 4};
}

}  // namespace

void add_login(CLI::App& app, Login& login) {
  app.add_option("--token", login.token,
                 "An access token; without one DOMPET_ADMIN_EMAIL and DOMPET_ADMIN_PASSWORD are logged in")
      ->envname("DOMPET_TOKEN");
  login.email = variable("DOMPET_ADMIN_EMAIL");
  login.password = variable("DOMPET_ADMIN_PASSWORD");
}

void add_login_command(CLI::App& app) {
  struct Options {
    std::string url = "http://127.0.0.1:8080";
    Login login{};
  };
  auto options = std::make_shared<Options>();
  auto& command = *app.add_subcommand(
      "login", "Prints an access token of the account in DOMPET_ADMIN_EMAIL and DOMPET_ADMIN_PASSWORD.");
  command.add_option("--url", options->url, "Any node of the cluster")->envname("DOMPET_URL")->capture_default_str();
  options->login = {{}, variable("DOMPET_ADMIN_EMAIL"), variable("DOMPET_ADMIN_PASSWORD")};
  command.callback([options] {
    if (options->login.email.empty() || options->login.password.empty())
      throw std::runtime_error("set DOMPET_ADMIN_EMAIL and DOMPET_ADMIN_PASSWORD");
    std::printf("%s\n", log_in(resolve_endpoint(options->url), options->login).token.c_str());
  });
}

HttpClient::Headers authorization(const Endpoint& endpoint, const Login& login) {
  static Kept kept;
  if (!login.token.empty())
    return {{"Authorization", "Bearer " + login.token}};
  if (login.email.empty() || login.password.empty())
    return {};
  if (kept.host != endpoint.host_header || Clock::now() >= kept.renew_at)
    kept = log_in(endpoint, login);
  return {{"Authorization", "Bearer " + kept.token}};
}

}  // namespace dompet::cli
