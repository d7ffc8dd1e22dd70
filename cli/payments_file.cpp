#include "cli/payments_file.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

namespace dompet::cli {

namespace {

constexpr std::size_t most_rows = 10'000'000;
constexpr std::size_t most_faults_told = 20;
/// Ids and accounts become parts of idempotency keys and wallets' names, which have bounds of their own.
constexpr std::size_t longest_name = 40;
constexpr std::size_t columns = 5;

using Fields = std::array<std::string_view, columns>;

std::optional<Fields> split(std::string_view line) {
  Fields fields;
  for (std::size_t i = 0; i < columns; ++i) {
    const auto comma = line.find(',');
    if ((comma == std::string_view::npos) != (i + 1 == columns))
      return std::nullopt;
    fields[i] = line.substr(0, comma);
    line.remove_prefix(comma == std::string_view::npos ? line.size() : comma + 1);
  }
  return fields;
}

/// Visible ASCII that needs no quoting in CSV, JSON and headers.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_name && std::ranges::all_of(text, [](char letter) {
    return letter > ' ' && letter < '\x7f' && letter != '"' && letter != '\\';
  });
}

const char* sentence_of(AmountFault fault) {
  switch (fault) {
    case AmountFault::not_a_number: return "is not a decimal number";
    case AmountFault::too_many_decimals: return "has more decimals than its currency";
    case AmountFault::not_positive: return "is not above zero";
    case AmountFault::too_large: return "is larger than an amount may be";
  }
  return "is not an amount";
}

class Reading {
 public:
  explicit Reading(std::string path) : path_(std::move(path)) {}

  PaymentsFile run() {
    std::ifstream file(path_);
    std::string line;
    if (!file)
      throw std::runtime_error("cannot read " + path_);
    if (!std::getline(file, line) || without_return(line) != payments_header)
      throw std::runtime_error(path_ + ", line 1: should be " + std::string(payments_header));
    while (std::getline(file, line)) {
      ++line_;
      take(without_return(line));
    }
    if (file.bad())
      throw std::runtime_error("cannot read " + path_ + " to its end");
    if (faults_ > 0)
      throw std::runtime_error(sentences());
    if (result_.rows.empty())
      throw std::runtime_error(path_ + " holds no payment");
    return std::move(result_);
  }

 private:
  static std::string_view without_return(std::string_view line) {
    return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
  }

  void take(std::string_view line) {
    const auto fields = split(line);
    if (!fields)
      return fault("should have five fields: " + std::string(payments_header));
    const auto& [id, code, amount_text, source, destination] = *fields;
    const auto currency = find_currency(code);
    if (!is_name(id))
      return fault("its id should be 1 to 40 visible characters");
    if (!currency)
      return fault(std::string(code) + " is no currency of ISO 4217");
    const auto amount = parse_amount(amount_text, *currency);
    if (!amount)
      return fault("the amount " + std::string(amount_text) + " " + sentence_of(amount.error()));
    if (!is_name(source) || !is_name(destination))
      return fault("its accounts should be 1 to 40 visible characters");
    if (source == destination)
      return fault(std::string(source) + " pays itself");
    if (!ids_.emplace(id).second)
      return fault("the id " + std::string(id) + " stood in a line before");
    if (result_.rows.size() == most_rows)
      throw std::runtime_error(path_ + " holds more than ten million payments; cut it");
    keep({line_, std::string(id), *amount, account(source, *currency), account(destination, *currency)});
  }

  void keep(PaymentRow row) {
    PaymentAccount& payer = result_.accounts[row.source];
    const auto spent = checked_add(payer.spent, row.amount);
    if (!spent || *spent > largest_amount)
      return fault(payer.name + " would spend more than one wallet can hold");
    payer.spent = *spent;
    result_.rows.push_back(std::move(row));
  }

  std::uint32_t account(std::string_view name, const Currency& currency) {
    const auto next = static_cast<std::uint32_t>(result_.accounts.size());
    const auto [found, is_new] = accounts_.emplace(std::string(name) + ',' + currency.code, next);
    if (is_new)
      result_.accounts.push_back({std::string(name), currency});
    return found->second;
  }

  void fault(const std::string& sentence) {
    if (++faults_ <= most_faults_told)
      told_ += "\n  line " + std::to_string(line_) + ": " + sentence;
  }

  std::string sentences() const {
    std::string text = path_ + " has " + std::to_string(faults_) + " bad rows, so nothing was sent:" + told_;
    if (faults_ > most_faults_told)
      text += "\n  and " + std::to_string(faults_ - most_faults_told) + " more";
    return text;
  }

  std::string path_;
  std::uint64_t line_ = 1;
  PaymentsFile result_{};
  std::unordered_map<std::string, std::uint32_t> accounts_{};
  std::unordered_set<std::string> ids_{};
  std::size_t faults_ = 0;
  std::string told_{};
};

}  // namespace

PaymentsFile read_payments(const std::string& path) { return Reading(path).run(); }

}  // namespace dompet::cli
