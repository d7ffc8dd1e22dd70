#include "persistence/verify.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/databases.hpp"

namespace dompet::cli {

namespace {

struct VerifyOptions {
  bool json = false;
};

void print_text(const VerifyReport& report) {
  for (const LedgerCheck& check : report.checks) {
    std::printf("%-7s %s (%llu)\n", check.faults == 0 ? "ok" : "BROKEN", check.claim.c_str(),
                static_cast<unsigned long long>(check.looked_at));
    if (check.faults > 0)
      std::printf("        %llu times; first: %s\n", static_cast<unsigned long long>(check.faults),
                  check.first_fault.c_str());
  }
  std::printf("%llu records of %llu wallets in %.1f s: %s\n", static_cast<unsigned long long>(report.records),
              static_cast<unsigned long long>(report.wallets), report.seconds,
              report.is_sound() ? "the ledger is sound" : "the ledger is BROKEN");
}

void print_json(const VerifyReport& report) {
  nlohmann::json checks = nlohmann::json::array();
  for (const LedgerCheck& check : report.checks)
    checks.push_back({{"claim", check.claim},
                      {"looked_at", check.looked_at},
                      {"faults", check.faults},
                      {"first_fault", check.faults > 0 ? nlohmann::json(check.first_fault) : nlohmann::json(nullptr)}});
  const nlohmann::json document{{"sound", report.is_sound()},
                                {"records", report.records},
                                {"wallets", report.wallets},
                                {"seconds", report.seconds},
                                {"checks", checks}};
  std::printf("%s\n", document.dump(2).c_str());
}

}  // namespace

void add_verify(CLI::App& app) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* verify = app.add_subcommand("verify", "Replays the whole journal and compares everything kept beside it.");
  auto databases = std::make_shared<Databases>();
  add_databases(*verify, databases);
  verify->add_flag("--json", options->json, "Print the report as JSON");
  verify->footer("Reads one moment of the ledger and writes nothing; a serving Dompet is not disturbed, but for some\n"
                 "milliseconds at the beginning when the ledger is in several databases.\n"
                 "Exit code 2 when anything differs.");
  verify->callback([options, databases] {
    const VerifyReport report = verify_ledger(databases->urls());
    options->json ? print_json(report) : print_text(report);
    if (!report.is_sound())
      throw Finding{};
  });
}

}  // namespace dompet::cli
