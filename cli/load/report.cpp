#include "cli/load/report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace dompet::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr struct {
  const char* name;
  double percent;
} shown_percentiles[] = {{"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}, {"p99_9", 99.9}};

double milliseconds(std::uint64_t nanos) { return static_cast<double>(nanos) / 1e6; }

/// Microseconds are enough; more digits would only be noise.
double rounded(double value) { return std::round(value * 1000) / 1000; }

Json latency_json(const Histogram& histogram) {
  Json json{{"count", histogram.count()},
            {"min", rounded(milliseconds(histogram.min()))},
            {"mean", rounded(histogram.mean() / 1e6)}};
  for (const auto& [name, percent] : shown_percentiles)
    json[name] = rounded(milliseconds(histogram.percentile(percent)));
  json["max"] = rounded(milliseconds(histogram.max()));
  return json;
}

double cpu_us_per_request(const LoadOutcome& outcome) {
  return outcome.requests == 0 ? 0 : outcome.generator_cpu_s * 1e6 / static_cast<double>(outcome.requests);
}

double ok_per_second(const LoadOutcome& outcome) {
  return outcome.measured_s > 0 ? static_cast<double>(outcome.ok_in_time) / outcome.measured_s : 0;
}

std::string mode_of(const LoadSetting& setting) {
  char text[120];
  if (setting.rate) {
    std::snprintf(text, sizeof text, "open loop, %.0f requests/s, %d connections", *setting.rate, setting.connections);
  } else {
    std::snprintf(text, sizeof text, "closed loop, %d connections", setting.connections);
  }
  return text;
}

void print_latency(const char* title, const Histogram& histogram) {
  if (histogram.count() == 0)
    return;
  std::printf("%-14s", title);
  for (const auto& [name, percent] : shown_percentiles)
    std::printf("%s %.2f  ", name, milliseconds(histogram.percentile(percent)));
  std::printf("max %.2f ms\n", milliseconds(histogram.max()));
}

void print_count(const char* name, std::uint64_t count) {
  if (count > 0)
    std::printf("  %-24s%12llu\n", name, static_cast<unsigned long long>(count));
}

Json report_of(const LoadSetting& setting, const LoadOutcome& outcome) {
  return {{"url", setting.url},
          {"workload", setting.workload},
          {"mode", setting.rate ? "open" : "closed"},
          {"rate", setting.rate ? Json(*setting.rate) : Json()},
          {"connections", setting.connections},
          {"wallets", setting.wallets},
          {"hot", setting.hot},
          {"hot_side", setting.hot == 0 ? Json() : Json(setting.hot_side_pays ? "source" : "destination")},
          {"operations_per_request", setting.operations_per_request},
          {"interrupted", outcome.interrupted},
          {"measured_s", rounded(outcome.measured_s)},
          {"requests", outcome.requests},
          {"ok_per_s", rounded(ok_per_second(outcome))},
          {"counts",
           {{"ok", outcome.verdicts[Verdict::ok]},
            {"declined", outcome.verdicts[Verdict::declined]},
            {"key_reused", outcome.verdicts[Verdict::key_reused]},
            {"shed", outcome.verdicts[Verdict::shed]},
            {"other", outcome.verdicts[Verdict::other]},
            {"connection_errors", outcome.connection_errors},
            {"timeouts", outcome.timeouts},
            {"unanswered", outcome.unanswered},
            {"unsent", outcome.unsent}}},
          {"latency_ms", latency_json(outcome.latency)},
          {"refused_latency_ms", latency_json(outcome.refused_latency)},
          {"ok_by_second", outcome.ok_by_second},
          {"generator",
           {{"cpu_us_per_request", rounded(cpu_us_per_request(outcome))},
            {"send_delay_ms", setting.rate ? latency_json(outcome.send_delay) : Json()}}}};
}

void write(const std::string& path, const Json& json) {
  const auto text = json.dump(2) + "\n";
  if (path == "-") {
    std::cout << text << std::flush;
    return;
  }
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (!file)
    throw std::runtime_error("cannot write " + path);
}

constexpr int bar_width = 30;
constexpr char bar[bar_width + 1] = "##############################";

int filled_of(double share) { return static_cast<int>(std::clamp(share, 0.0, 1.0) * bar_width); }

}  // namespace

void draw_progress(const Progress& progress) {
  const auto filled = filled_of(progress.elapsed_s / std::max(progress.total_s, 1e-9));
  const auto ok = progress.verdicts[Verdict::ok];
  std::uint64_t all = 0;
  for (const auto count : progress.verdicts.of)
    all += count;
  std::fprintf(stderr, "\r\033[K[%.*s%*s] %3.0f/%.0f s  %llu ok, %llu other", filled, bar, bar_width - filled, "",
               progress.elapsed_s, progress.total_s, static_cast<unsigned long long>(ok),
               static_cast<unsigned long long>(all - ok));
  std::fflush(stderr);
}

void draw_count(std::string_view what, std::uint64_t done, std::uint64_t all) {
  const auto filled = filled_of(static_cast<double>(done) / static_cast<double>(std::max<std::uint64_t>(all, 1)));
  std::fprintf(stderr, "\r\033[K[%.*s%*s] %.*s: %llu of %llu", filled, bar, bar_width - filled, "",
               static_cast<int>(what.size()), what.data(), static_cast<unsigned long long>(done),
               static_cast<unsigned long long>(all));
  std::fflush(stderr);
}

void erase_progress() { std::fputs("\r\033[K", stderr); }

void print_table(const LoadSetting& setting, const LoadOutcome& outcome, const std::optional<ReplayOutcome>& replayed) {
  std::printf("%s, %s, %u wallets", setting.workload.c_str(), mode_of(setting).c_str(), setting.wallets);
  if (setting.hot > 0)
    std::printf(", %u hot (%s)", setting.hot, setting.hot_side_pays ? "paying" : "paid");
  std::printf("%s\n", outcome.interrupted ? ", INTERRUPTED" : "");
  std::printf("%-14s%.0f ok/s over %.1f s\n", "throughput", ok_per_second(outcome), outcome.measured_s);
  print_latency("latency", outcome.latency);
  print_latency("  refused in", outcome.refused_latency);
  print_count("ok", outcome.verdicts[Verdict::ok]);
  print_count("declined (402, 409)", outcome.verdicts[Verdict::declined]);
  print_count("key reused (422)", outcome.verdicts[Verdict::key_reused]);
  print_count("shed (429, 503)", outcome.verdicts[Verdict::shed]);
  print_count("other statuses", outcome.verdicts[Verdict::other]);
  print_count("connection errors", outcome.connection_errors);
  print_count("timed out", outcome.timeouts);
  print_count("unanswered at the end", outcome.unanswered);
  print_count("due but never sent", outcome.unsent);
  std::printf("%-14s%.1f us of processor time a request\n", "generator", cpu_us_per_request(outcome));
  if (replayed) {
    std::printf("%-14s%llu of %llu identical\n", "replayed", static_cast<unsigned long long>(replayed->identical),
                static_cast<unsigned long long>(replayed->checked));
    if (!replayed->first_difference.empty())
      std::printf("  first: %s\n", replayed->first_difference.c_str());
  }
  std::fflush(stdout);
}

void write_json(const std::string& path, const LoadSetting& setting, const LoadOutcome& outcome,
                const std::optional<ReplayOutcome>& replayed) {
  Json json = report_of(setting, outcome);
  if (replayed)
    json["replay"] = {{"checked", replayed->checked},
                      {"identical", replayed->identical},
                      {"first_difference", replayed->first_difference}};
  write(path, json);
}

void print_payments(const LoadSetting& setting, const PaymentsOutcome& payments) {
  print_table(setting, payments.load, std::nullopt);
  std::printf("%-14s%llu: %llu completed, %llu declined, %llu failed, %llu undecided\n", "rows",
              static_cast<unsigned long long>(payments.rows), static_cast<unsigned long long>(payments.completed),
              static_cast<unsigned long long>(payments.declined), static_cast<unsigned long long>(payments.failed),
              static_cast<unsigned long long>(payments.undecided));
  for (const auto& row : payments.refused)
    std::printf("  line %llu, %s: %d %s\n", static_cast<unsigned long long>(row.line), row.id.c_str(), row.status,
                row.code.c_str());
  std::fflush(stdout);
}

void write_payments_json(const std::string& path, const LoadSetting& setting, const PaymentsOutcome& payments) {
  Json json = report_of(setting, payments.load);
  auto refused = Json::array();
  for (const auto& row : payments.refused)
    refused.push_back({{"line", row.line}, {"id", row.id}, {"status", row.status}, {"code", row.code}});
  json["rows"] = {{"all", payments.rows},      {"completed", payments.completed}, {"declined", payments.declined},
                  {"failed", payments.failed}, {"undecided", payments.undecided}, {"refused", refused}};
  write(path, json);
}

}  // namespace dompet::cli
