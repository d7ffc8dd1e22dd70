#include "tests/postgres/plans.hpp"

#include <catch2/catch_test_macros.hpp>
#include <unistd.h>

#include <chrono>
#include <regex>
#include <sstream>

#include "persistence/lane_store.hpp"
#include "persistence/session.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

/// The private cluster lets whoever reaches its socket be its superuser.
std::string superuser_url() { return std::regex_replace(database_url(), std::regex("//\\w+@"), "//postgres@"); }

/// The server's log from here on, read through the server itself.
class LogTail {
 public:
  LogTail() : session_({.database = superuser_url()}), begin_(size()) {}

  /// Whether the server has a log that it lets us read.
  bool is_there() { return begin_ >= 0; }

  /// All lines up to the one that contains `marker`, which somebody makes the server write; fails after ten seconds.
  std::vector<std::string> lines_up_to(const std::string& marker) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::string text;
    while (!(text = rest()).contains(marker))
      REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::vector<std::string> lines;
    std::istringstream stream(text.substr(0, text.find(marker)));
    for (std::string line; std::getline(stream, line);)
      lines.push_back(line);
    return lines;
  }

 private:
  std::int64_t size() {
    const Rows rows = session_.ask("SELECT (pg_stat_file(pg_current_logfile(), true)).size");
    return rows[0].number_if_any(0).value_or(-1);
  }
  std::string rest() {
    return std::string{
        session_.ask("SELECT pg_read_file(pg_current_logfile(), $1, 100000000)", Parameters{}.add(begin_))[0].text(0)};
  }

  SqlSession session_;
  std::int64_t begin_;
};

/// Rows that a step had, in one of its loops.
long actual_rows(const std::string& line) {
  static const std::regex form("actual (?:time=[0-9.]+ )?rows=([0-9]+) loops=");
  std::smatch match;
  return std::regex_search(line, match, form) ? std::stol(match[1]) : 0;
}

bool reads_all_of(const std::string& line, const std::string& table) {
  const std::size_t place = line.find("Seq Scan on " + table);
  if (place == line.npos)
    return false;
  const std::size_t end = place + std::string{"Seq Scan on "}.size() + table.size();
  return end == line.size() || line[end] == ' ';
}

bool sorts(const std::string& line) { return line.contains("Sort  (cost") || line.contains("Hash  (cost"); }

long rows_removed(const std::string& line) {
  static const std::regex form("Rows Removed by (Filter|Index Recheck): ([0-9]+)");
  std::smatch match;
  return std::regex_search(line, match, form) ? std::stol(match[2]) : 0;
}

}  // namespace

std::string url_with_plans() {
  try {
    SqlSession superuser({.database = superuser_url(), .read_only = false});
    const std::string name{superuser.ask("SELECT quote_ident(current_database())")[0].text(0)};
    for (const char* setting : {"session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 0",
                                "auto_explain.log_analyze = on"})
      superuser.run("LOAD 'auto_explain'; ALTER ROLE postgres IN DATABASE " + name + " SET " + setting);
    return LogTail().is_there() ? superuser_url() : std::string{};
  } catch (const Unavailable&) {
    return {};
  }
}

std::vector<std::string> plans_of(const std::function<void()>& work) {
  static int works = 0;
  LogTail log;
  work();
  const std::string marker = "end of work " + std::to_string(++works) + " of " + std::to_string(::getpid());
  SqlSession({.database = superuser_url()}).ask("SELECT '" + marker + "'");
  return log.lines_up_to(marker);
}

std::string first_expensive_step(const std::vector<std::string>& plans, const std::vector<std::string>& tables,
                                 long most_rows) {
  // What is sorted is what the step below it gives, however few rows are wanted of it.
  bool is_sorted = false;
  for (const std::string& line : plans) {
    for (const std::string& table : tables)
      if (reads_all_of(line, table))
        return line;
    const bool is_step = line.contains("->");
    if ((is_step && is_sorted && actual_rows(line) > most_rows) || rows_removed(line) > most_rows)
      return line;
    is_sorted = sorts(line) || (is_sorted && !is_step);
  }
  return {};
}

}  // namespace dompet::testing
