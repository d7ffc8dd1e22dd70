#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/login.hpp"

namespace CLI {
class App;
}

namespace dompet::cli {

/// What every command that speaks to a running Dompet can be told.
struct ServiceOptions {
  /// Any node of the cluster; DOMPET_URL when it is not given.
  std::string url = "http://127.0.0.1:8080";
  Login login{};
  /// The server's own JSON instead of a table for people.
  bool json = false;
  /// Draw again every second; `watch_count` times, zero for until Ctrl-C.
  bool watch = false;
  int watch_count = 0;
};

/// Adds --url, --token and --json, and --watch with --watch-count where it makes sense.
void add_service_options(CLI::App& app, ServiceOptions& options, bool watchable);

/// Asks the server and returns its JSON. A refusal, or a server that cannot be reached, is thrown as a sentence that
/// says what to do.
nlohmann::json ask(const ServiceOptions& options, std::string_view method, const std::string& path,
                   const std::string& body = {});
/// The same for answers that are not JSON.
std::string ask_text(const ServiceOptions& options, std::string_view method, const std::string& path,
                     const std::string& body = {});

/// Shows once, or again and again.
void show(const ServiceOptions& options, const std::function<void()>& draw);

std::string percent_encoded(std::string_view text);

// What people see on a terminal; without colour when it goes elsewhere.

enum class Colour { none, red, green, yellow, blue, faint };
std::string coloured(std::string_view text, Colour colour);

/// Rows under headings, aligned. A cell's colour does not count as width.
class Table {
 public:
  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

  using Cell = std::pair<std::string, Colour>;
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  void print() const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<Cell>> rows_{};
};

/// "8 s", "0.4 s", "3 min".
std::string duration_text(std::int64_t ms);

}  // namespace dompet::cli
