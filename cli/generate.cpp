#include <CLI/CLI.hpp>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/load/random.hpp"
#include "cli/payments_file.hpp"

namespace dompet::cli {

namespace {

struct GenerateOptions {
  std::uint64_t rows = 10'000;
  std::string out{};
  std::vector<std::string> currencies{"USD", "IDR", "SGD", "EUR"};
  std::uint32_t accounts = 1'000;
  std::uint64_t seed = 1;
};

/// Amounts are 10 to 1,010 whole units, with the currency's decimals.
constexpr std::uint32_t least_units = 10;
constexpr std::uint32_t range_units = 1'000;

std::vector<Currency> currencies_of(const GenerateOptions& options) {
  std::vector<Currency> currencies;
  for (const std::string& code : options.currencies) {
    const auto currency = find_currency(code);
    if (!currency)
      throw std::runtime_error(code + " is no currency of ISO 4217");
    currencies.push_back(*currency);
  }
  return currencies;
}

Minor choose_amount(Random& random, const Currency& currency) {
  std::uint32_t unit = 1;
  for (int digit = 0; digit < currency.exponent; ++digit)
    unit *= 10;
  return Minor{least_units} * unit + random.below(range_units * unit + 1);
}

/// Every row takes four numbers from the one stream, so that equal seeds give equal files, and a longer file begins
/// like a shorter one.
void write(std::ostream& out, const GenerateOptions& options) {
  const auto currencies = currencies_of(options);
  Random random(options.seed);
  out << payments_header << '\n';
  char text[96];
  for (std::uint64_t row = 1; row <= options.rows; ++row) {
    const Currency& currency = currencies[random.below(static_cast<std::uint32_t>(currencies.size()))];
    const std::string amount = format_amount(choose_amount(random, currency), currency);
    const std::uint32_t source = 1 + random.below(options.accounts);
    const std::uint32_t destination = 1 + random.below(options.accounts);
    std::snprintf(text, sizeof text, "PAY-%06llu,%s,%s,ACC_SRC_%04u,ACC_DST_%04u\n",
                  static_cast<unsigned long long>(row), currency.code, amount.c_str(), source, destination);
    out << text;
  }
}

void generate(const GenerateOptions& options) {
  if (options.out == "-") {
    write(std::cout, options);
    std::cout.flush();
    return;
  }
  const std::string unfinished = options.out + ".new";
  std::ofstream file(unfinished, std::ios::trunc);
  write(file, options);
  file.close();
  if (!file)
    throw std::runtime_error("cannot write " + unfinished);
  std::filesystem::rename(unfinished, options.out);
  std::printf("%llu payments in %s\n", static_cast<unsigned long long>(options.rows), options.out.c_str());
}

}  // namespace

void add_generate(CLI::App& app) {
  auto options = std::make_shared<GenerateOptions>();
  auto& generating = *app.add_subcommand("generate", "Writes a file of made-up payments, for `dompetctl load --csv`.");
  generating.add_option("--rows", options->rows, "Payments")->check(CLI::Range(1, 10'000'000))->capture_default_str();
  generating.add_option("--out", options->out, "The file, or - for standard output")->required();
  generating.add_option("--currencies", options->currencies, "Of which each payment has one, with commas between")
      ->delimiter(',')
      ->capture_default_str();
  generating.add_option("--accounts", options->accounts, "Accounts that pay, and as many that are paid")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  generating.add_option("--seed", options->seed, "Equal seeds give equal files")->capture_default_str();
  generating.callback([options] { generate(*options); });
}

}  // namespace dompet::cli
