#include "cli/service.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "cli/http_client.hpp"

namespace dompet::cli {

namespace {

constexpr int patience_ms = 40'000;
constexpr std::chrono::seconds redraw_every{1};

/// Characters, not bytes, take up a column.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char letter) { return (static_cast<unsigned char>(letter) & 0xC0) != 0x80; }));
}

bool is_terminal() {
  static const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  return terminal;
}

/// What a problem document says, as one sentence with its code.
std::string sentence_of(const Answer& answer) {
  const auto problem = nlohmann::json::parse(answer.body, nullptr, false);
  if (!problem.is_object() || !problem.contains("code"))
    return "The server answered with status " + std::to_string(answer.status) +
           " and no explanation. Is --url the address of a Dompet?";
  std::string text = problem.value("detail", problem.value("title", std::string{}));
  for (const auto& error : problem.value("errors", nlohmann::json::array()))
    text += " " + error.value("field", std::string{}) + ": " + error.value("detail", std::string{});
  text += " (" + problem.value("code", std::string{}) + ")";
  if (problem.value("retryable", false))
    text += " Try again soon, or another node with --url.";
  return text;
}

Answer request(const ServiceOptions& options, std::string_view method, const std::string& path,
               const std::string& body) {
  try {
    const Endpoint endpoint = resolve_endpoint(options.url);
    HttpClient client(endpoint, authorization(endpoint, options.login), patience_ms);
    return client.request(method, path, body, {});
  } catch (const std::exception& error) {
    throw std::runtime_error("Cannot speak with " + options.url + ": " + error.what() +
                             ". Start it, or name a node that runs with --url or DOMPET_URL.");
  }
}

}  // namespace

void add_service_options(CLI::App& app, ServiceOptions& options, bool watchable) {
  app.add_option("--url", options.url, "Any node of the cluster")->envname("DOMPET_URL")->capture_default_str();
  add_login(app, options.login);
  app.add_flag("--json", options.json, "The server's JSON instead of a table");
  if (!watchable)
    return;
  app.add_flag("--watch", options.watch, "Draw again every second, until Ctrl-C");
  app.add_option("--watch-count", options.watch_count, "Draw only so often")->check(CLI::PositiveNumber);
}

std::string ask_text(const ServiceOptions& options, std::string_view method, const std::string& path,
                     const std::string& body) {
  Answer answer = request(options, method, path, body);
  if (answer.status < 200 || answer.status > 299)
    throw std::runtime_error(sentence_of(answer));
  return std::move(answer.body);
}

nlohmann::json ask(const ServiceOptions& options, std::string_view method, const std::string& path,
                   const std::string& body) {
  auto parsed = nlohmann::json::parse(ask_text(options, method, path, body), nullptr, false);
  if (parsed.is_discarded())
    throw std::runtime_error("The answer of " + options.url + " is not JSON. Is it the address of a Dompet?");
  return parsed;
}

void show(const ServiceOptions& options, const std::function<void()>& draw) {
  for (int drawn = 1;; ++drawn) {
    if (options.watch && is_terminal())
      std::fputs("\033[H\033[J", stdout);
    draw();
    std::fflush(stdout);
    if (!options.watch || drawn == options.watch_count)
      return;
    std::this_thread::sleep_for(redraw_every);
  }
}

std::string percent_encoded(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0 || letter == '-' || letter == '.')
      encoded += letter;
    else
      encoded += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return encoded;
}

std::string coloured(std::string_view text, Colour colour) {
  constexpr const char* codes[]{"", "31", "32", "33", "34", "2"};
  if (colour == Colour::none || !is_terminal() || text.empty())
    return std::string{text};
  return std::string{"\033["} + codes[static_cast<std::size_t>(colour)] + "m" + std::string{text} + "\033[0m";
}

void Table::print() const {
  std::vector<std::size_t> widths;
  for (const std::string& heading : headings_)
    widths.push_back(width_of(heading));
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row[i].first));
  const auto line = [&widths](const std::vector<Cell>& cells) {
    std::string text;
    std::string padding;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text += padding + coloured(cells[i].first, cells[i].second);
      padding = std::string(widths[i] - width_of(cells[i].first) + 2, ' ');
    }
    std::printf("%s\n", text.c_str());
  };
  std::vector<Cell> heading;
  for (const std::string& text : headings_)
    heading.emplace_back(text, Colour::faint);
  line(heading);
  for (const auto& row : rows_)
    line(row);
}

std::string duration_text(std::int64_t ms) {
  char text[32];
  if (ms < 10'000)
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(ms) / 1e3);
  else if (ms < 120'000)
    std::snprintf(text, sizeof text, "%lld s", static_cast<long long>(ms / 1'000));
  else if (ms < 7'200'000)
    std::snprintf(text, sizeof text, "%lld min", static_cast<long long>(ms / 60'000));
  else
    std::snprintf(text, sizeof text, "%lld h", static_cast<long long>(ms / 3'600'000));
  return text;
}

}  // namespace dompet::cli
