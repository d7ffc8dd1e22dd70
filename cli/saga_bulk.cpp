#include "cli/saga_bulk.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <thread>

#include "cli/saga_filter.hpp"
#include "cli/service.hpp"

namespace dompet::cli {

namespace {

using Json = nlohmann::json;

constexpr std::chrono::milliseconds look_every{200};

struct Options {
  ServiceOptions service;
  SagaFilter filter;
  std::string action;
  std::string reason;
  std::string who;
  int rate_per_s = 20;
  bool execute = false;
};

void print_dry_run(const Json& answer) {
  std::printf("%s open transfers match:\n", answer.at("count").dump().c_str());
  for (const Json& sum : answer.at("amounts"))
    std::printf("  %s %s\n", sum.at("total").get<std::string>().c_str(), sum.at("currency").get<std::string>().c_str());
  for (const Json& id : answer.at("sample"))
    std::printf("  %s\n", id.get<std::string>().c_str());
  std::printf("Nothing was done. Give the order with --execute.\n");
}

/// Waits until the job has ended and says how.
Json follow(const Options& options, Json job) {
  const bool talk = !options.service.json && ::isatty(STDERR_FILENO) != 0;
  const std::string path = "/v1/sagas/bulk/" + job.at("id").get<std::string>();
  for (;;) {
    const std::string state = job.at("state").get<std::string>();
    if (talk)
      std::fprintf(stderr, "\r\033[K%s: %s done, %s refused, of %s", state.c_str(), job.at("done").dump().c_str(),
                   job.at("refused").dump().c_str(), job.at("total").dump().c_str());
    if (state == "done" || state == "aborted")
      break;
    std::this_thread::sleep_for(look_every);
    job = ask(options.service, "GET", path);
  }
  if (talk)
    std::fputs("\r\033[K", stderr);
  return job;
}

void print_job(const Json& job) {
  std::printf("%s of %s orders were taken, %s refused.\n", job.at("done").dump().c_str(),
              job.at("total").dump().c_str(), job.at("refused").dump().c_str());
  for (const Json& row : job.at("report"))
    if (row.at("outcome") != "accepted")
      std::printf("  %s %s\n", row.at("id").get<std::string>().c_str(), row.at("outcome").get<std::string>().c_str());
}

void run(const Options& options) {
  if (options.execute && options.reason.empty())
    throw CLI::RequiredError("--reason");
  Json body{{"filter", json_of(options.filter)},
            {"action", options.action},
            {"dry_run", !options.execute},
            {"who", options.who},
            {"rate_per_s", options.rate_per_s}};
  if (!options.reason.empty())
    body["reason"] = options.reason;
  Json answer = ask(options.service, "POST", "/v1/sagas/bulk", body.dump());
  if (options.execute)
    answer = follow(options, std::move(answer));
  if (options.service.json)
    std::printf("%s\n", answer.dump().c_str());
  else if (options.execute)
    print_job(answer);
  else
    print_dry_run(answer);
  if (options.execute && answer.at("done") != answer.at("total"))
    throw std::runtime_error(
        "Not every order was taken. See why in the report, and run the command again for the rest.");
}

}  // namespace

void add_saga_bulk(CLI::App& sagas) {
  const auto options = std::make_shared<Options>();
  const char* user = std::getenv("USER");
  options->who = user == nullptr || *user == '\0' ? "operator" : user;
  CLI::App* command = sagas.add_subcommand("bulk", "The same order to all open transfers that match; first a dry run");
  command->add_option("action", options->action, "retry, cancel, pause or resume")
      ->required()
      ->check(CLI::IsMember({"retry", "cancel", "pause", "resume"}));
  command->add_flag("--execute", options->execute, "Give the orders; without it they are only counted");
  command->add_option("--reason", options->reason, "Why; for the audit, needed with --execute");
  command->add_option("--who", options->who, "On whose behalf")->capture_default_str();
  command->add_option("--rate", options->rate_per_s, "Orders a second")
      ->check(CLI::Range(1, 200))
      ->capture_default_str();
  add_service_options(*command, options->service, false);
  add_saga_filter(*command, options->filter);
  command->callback([options] { run(*options); });
}

}  // namespace dompet::cli
