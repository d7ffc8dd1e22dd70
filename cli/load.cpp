#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/load/account_wallets.hpp"
#include "cli/load/engine.hpp"
#include "cli/load/logins.hpp"
#include "cli/load/payment_pairs.hpp"
#include "cli/load/payments.hpp"
#include "cli/load/random.hpp"
#include "cli/load/replay.hpp"
#include "cli/load/report.hpp"
#include "cli/load/transfers.hpp"
#include "cli/load/wallets.hpp"
#include "cli/login.hpp"
#include "cli/payments_file.hpp"

namespace dompet::cli {

namespace {

std::atomic<bool> stop_asked{false};

/// What the command line says, before it is checked as a whole.
struct LoadOptions {
  std::string url = "http://127.0.0.1:8080";
  std::string workload = "transfer";
  double rate = 0;
  int connections = 64;
  std::string duration = "10s";
  std::string warmup = "1s";
  std::string timeout = "10s";
  std::uint32_t bulk_size = 100;
  WalletWish wallets;
  bool spread = false;
  PairChoice pairs;
  std::size_t verify_replay = 0;
  Login login;
  std::vector<std::string> headers;
  std::string json;
  std::string csv;
  std::string merchant;
  std::string batch;
  bool prepare_only = false;
  bool allow_remote = false;
};

/// "500ms", "60s", "2m" or a plain number of seconds.
std::chrono::nanoseconds parse_duration(const std::string& text, const char* option) {
  constexpr double longest_s = 24 * 3600;
  std::size_t read = 0;
  double value = -1;
  try {
    value = std::stod(text, &read);
  } catch (const std::exception&) {
    read = 0;
  }
  const auto unit = text.substr(read);
  if (unit == "ms")
    value /= 1000;
  if (unit == "m")
    value *= 60;
  const bool known = unit.empty() || unit == "ms" || unit == "s" || unit == "m";
  if (read == 0 || !known || value < 0 || value > longest_s)
    throw std::runtime_error(std::string(option) + " " + text + " is not a time like 500ms, 60s or 2m, up to a day");
  return std::chrono::nanoseconds(static_cast<std::int64_t>(value * 1e9));
}

RequestTemplate::Common common_of(const LoadOptions& options, const Endpoint& endpoint) {
  RequestTemplate::Common common;
  common.host = endpoint.host_header;
  for (const auto& header : options.headers) {
    const auto colon = header.find(':');
    if (colon == std::string::npos || header.find_first_of("\r\n") != std::string::npos)
      throw std::runtime_error("--header " + header + " is not of the form 'Name: value'");
    const auto value = header.find_first_not_of(' ', colon + 1);
    common.headers.emplace_back(header.substr(0, colon), value == std::string::npos ? "" : header.substr(value));
  }
  for (auto& header : authorization(endpoint, options.login))
    common.headers.push_back(std::move(header));
  return common;
}

void check_together(const LoadOptions& options) {
  if (options.spread && options.pairs.hot > 0)
    throw std::runtime_error("--spread and --hot exclude each other");
  if (options.pairs.hot_side_pays && options.pairs.hot == 0)
    throw std::runtime_error("--hot-source needs --hot N");
  if (options.pairs.hot >= options.wallets.count)
    throw std::runtime_error("--hot must be less than --wallets");
  if (options.workload == "payment" && options.merchant.empty())
    throw std::runtime_error("--workload payment needs the --merchant that is paid");
  if (options.workload == "login" && (options.login.email.empty() || options.login.password.empty()))
    throw std::runtime_error("--workload login needs DOMPET_ADMIN_EMAIL and DOMPET_ADMIN_PASSWORD");
  if (options.verify_replay > 0 && options.workload != "transfer")
    throw std::runtime_error("--verify-replay works with --workload transfer only");
}

LoadPlan plan_of(const LoadOptions& options) {
  LoadPlan plan;
  if (options.rate > 0)
    plan.rate = options.rate;
  plan.connections = options.connections;
  plan.duration = parse_duration(options.duration, "--duration");
  plan.warmup = parse_duration(options.warmup, "--warmup");
  plan.timeout = parse_duration(options.timeout, "--timeout");
  plan.stop = &stop_asked;
  if (plan.duration.count() == 0)
    throw std::runtime_error("--duration must not be 0");
  if (::isatty(STDERR_FILENO) != 0)
    plan.on_progress = draw_progress;
  return plan;
}

std::unique_ptr<Workload> workload_of(const LoadOptions& options, const RequestTemplate::Common& common,
                                      const WalletBook& book, std::uint64_t run) {
  if (options.workload == "bulk")
    return std::make_unique<BulkWorkload>(common, book, options.pairs, run, options.bulk_size);
  if (options.workload == "read")
    return std::make_unique<ReadWorkload>(common, book, run);
  if (options.workload == "payment")
    return std::make_unique<PaymentPairs>(common, book, options.merchant, run);
  if (options.workload == "login")
    return std::make_unique<Logins>(
        common, nlohmann::json{{"email", options.login.email}, {"password", options.login.password}}.dump());
  return std::make_unique<TransferWorkload>(common, book, options.pairs, run, options.verify_replay);
}

LoadSetting setting_of(const LoadOptions& options, std::uint32_t operations_per_request) {
  LoadSetting setting;
  setting.url = options.url;
  setting.workload = options.workload;
  if (options.rate > 0)
    setting.rate = options.rate;
  setting.connections = options.connections;
  setting.wallets = options.wallets.count;
  setting.hot = options.pairs.hot;
  setting.hot_side_pays = options.pairs.hot_side_pays;
  setting.operations_per_request = operations_per_request;
  return setting;
}

Endpoint endpoint_of(const LoadOptions& options) {
  auto endpoint = resolve_endpoint(options.url);
  if (!endpoint.is_loopback() && !options.allow_remote)
    throw std::runtime_error(options.url + " is not this machine; --allow-remote says that you mean it");
  return endpoint;
}

void stop_on_signals() {
  stop_asked = false;
  std::signal(SIGINT, [](int) { stop_asked = true; });
  std::signal(SIGTERM, [](int) { stop_asked = true; });
}

/// Part of the idempotency keys, so of a length that leaves room for the rows' ids.
std::string batch_of(const LoadOptions& options) {
  constexpr std::size_t longest = 30;
  const auto batch = options.batch.empty() ? std::filesystem::path(options.csv).stem().string() : options.batch;
  const bool is_visible = std::ranges::all_of(batch, [](char letter) { return letter > ' ' && letter < '\x7f'; });
  if (batch.empty() || batch.size() > longest || !is_visible)
    throw std::runtime_error("--batch should be 1 to 30 visible characters; without it, the file's name is taken");
  return batch;
}

void run_csv(const LoadOptions& options) {
  constexpr double usual_rate = 1'000;
  const auto batch = batch_of(options);
  const auto file = read_payments(options.csv);
  const auto endpoint = endpoint_of(options);
  const auto common = common_of(options, endpoint);
  ErrandPlan plan{.connections = options.connections, .stop = &stop_asked, .talk = ::isatty(STDERR_FILENO) != 0};
  stop_on_signals();
  const auto wallets = wallets_of(file.accounts, endpoint, common, plan);
  fund(file.accounts, wallets, batch, endpoint, common, plan);
  if (options.prepare_only)
    return;
  plan.rate = options.rate > 0 ? options.rate : usual_rate;
  const auto outcome = send_payments(file, wallets, batch, endpoint, common, plan);
  auto setting = setting_of(options, 1);
  setting.workload = "payments of " + options.csv;
  setting.rate = plan.rate;
  setting.wallets = static_cast<std::uint32_t>(wallets.size());
  if (options.json != "-")
    print_payments(setting, outcome);
  if (!options.json.empty())
    write_payments_json(options.json, setting, outcome);
  if (outcome.failed + outcome.undecided > 0)
    throw Finding{};
}

void run(const LoadOptions& options) {
  check_together(options);
  auto plan = plan_of(options);
  const auto endpoint = endpoint_of(options);
  const auto common = common_of(options, endpoint);

  WalletBook book;
  if (options.workload != "login") {
    auto wish = options.wallets;
    wish.talk = plan.on_progress != nullptr;
    wish.connections = std::max(wish.connections, options.connections);
    book = prepare_wallets(endpoint, common, wish);
  }
  if (options.prepare_only)
    return;

  stop_on_signals();
  const auto workload = workload_of(options, common, book, random_seed());
  const auto outcome = run_load(endpoint, plan, *workload);
  if (plan.on_progress)
    erase_progress();

  std::optional<ReplayOutcome> replayed;
  if (const auto* transfers = dynamic_cast<const TransferWorkload*>(workload.get());
      transfers != nullptr && options.verify_replay > 0)
    replayed = replay(endpoint, transfers->kept());

  const auto setting = setting_of(options, workload->operations_per_request());
  if (options.json != "-")
    print_table(setting, outcome, replayed);
  if (!options.json.empty())
    write_json(options.json, setting, outcome, replayed);
  if (replayed && replayed->identical != replayed->checked)
    throw Finding{};
}

}  // namespace

void add_load(CLI::App& app) {
  auto options = std::make_shared<LoadOptions>();
  auto& load =
      *app.add_subcommand("load", "Sends transfers or reads at a fixed rate, or as fast as they are answered.");
  load.add_option("--url", options->url, "The server")->capture_default_str();
  add_login(load, options->login);
  load.add_option(
          "--workload", options->workload,
          "transfer: one a request; bulk: many a request; read: balances; payment: each authorized, then captured; "
          "login: the account of DOMPET_ADMIN_EMAIL logs in again and again")
      ->check(CLI::IsMember({"transfer", "bulk", "read", "payment", "login"}))
      ->capture_default_str();
  load.add_option("--rate", options->rate, "Requests per second, sent on time whatever the server does (open loop)")
      ->check(CLI::Range(0.01, 1e6));
  load.add_option("--connections", options->connections, "Connections; without --rate each sends when it is answered")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  load.add_option("--duration", options->duration, "Measured time: 500ms, 60s, 2m")->capture_default_str();
  load.add_option("--warmup", options->warmup, "Sent but not measured before it")->capture_default_str();
  load.add_option("--timeout", options->timeout, "After this an unanswered request is given up")->capture_default_str();
  load.add_option("--bulk-size", options->bulk_size, "Transfers in a bulk request")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  load.add_option("--wallets", options->wallets.count, "Wallets to open and top up")
      ->check(CLI::Range(2, 1'000'000))
      ->capture_default_str();
  load.add_flag("--spread", options->spread, "Any wallet pays any other (the default)");
  load.add_option("--hot", options->pairs.hot, "All money goes to this many wallets")->check(CLI::Range(1, 1'000'000));
  load.add_flag("--hot-source", options->pairs.hot_side_pays, "All money comes from the hot wallets instead");
  load.add_option("--currency", options->wallets.currency, "Currency of the wallets")->capture_default_str();
  load.add_option("--top-up", options->wallets.top_up, "What each wallet starts with")->capture_default_str();
  load.add_option("--top-up-method", options->wallets.method, "Method of the top-up")->capture_default_str();
  load.add_option("--wallets-file", options->wallets.file,
                  "Keeps the wallets' ids, so that the next run starts at once");
  load.add_flag("--prepare-only", options->prepare_only, "Only open the wallets and top them up");
  load.add_option("--verify-replay", options->verify_replay,
                  "Afterwards send this many acknowledged requests again and compare the answers")
      ->check(CLI::Range(0, 1'000'000));
  load.add_option("--merchant", options->merchant, "The id of the merchant that is paid; for --workload payment");
  load.add_option("--header", options->headers, "A header for every request, as 'Name: value'");
  load.add_option("--json", options->json, "Write the result as JSON to this file, or to standard output with -");
  load.add_flag("--allow-remote", options->allow_remote, "Allow a server that is not on this machine");
  auto* csv = load.add_option("--csv", options->csv, "Send the payments of this file instead, each once, open loop");
  load.add_option("--batch", options->batch, "Sent twice under one name, a payment is done once (the file's name)")
      ->needs(csv);
  for (const char* other :
       {"--workload", "--duration", "--warmup", "--bulk-size", "--wallets", "--spread", "--hot", "--hot-source",
        "--currency", "--top-up", "--top-up-method", "--wallets-file", "--verify-replay"})
    csv->excludes(load.get_option(other));
  load.callback([options] { options->csv.empty() ? run(*options) : run_csv(*options); });
}

}  // namespace dompet::cli
