#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.hpp"
#include "domain/money.hpp"

namespace dompet {

/// A marketplace whose orders are paid here.
struct Marketplace {
  std::string name{};
  /// What the numbers of its virtual accounts begin with.
  std::string va_prefix{};
  /// What its orders are in.
  Currency currency{};
  /// Who is paid here.
  MerchantId merchant{};
  /// Its GraphQL address.
  std::string url{};
};

struct MarketplaceSettings {
  std::vector<Marketplace> all{};
  /// By name, what notices are signed with; without one they are not.
  std::map<std::string, std::string> secrets{};
  /// By name, what is sent as bearer token with every call.
  std::map<std::string, std::string> tokens{};
  /// For one call, connecting included.
  std::chrono::milliseconds timeout{5'000};
  /// Look-ups of one marketplace that may wait; more are turned away.
  std::size_t lookup_queue = 64;
  /// Look-ups of one marketplace at the same time.
  std::size_t lookup_threads = 2;
  /// By name, the words of an order's status and payment status that say it is to be paid; `usual_unpaid_statuses` for
  /// those that are not here.
  std::map<std::string, std::vector<std::string>> unpaid_statuses{};
  static constexpr std::array<std::string_view, 2> usual_unpaid_statuses{"PENDING", "UNPAID"};
  /// What an order's payment status is set to.
  std::string paid_status = "PAID";
  /// Between two attempts to tell it: the first pause, doubled each time up to the longest.
  std::chrono::milliseconds retry_first{1'000};
  std::chrono::milliseconds retry_most{300'000};
  /// Between two looks for what is to be told or looked up in the journal.
  std::chrono::milliseconds look{500};

  /// Whose number it is, by the longest prefix; nothing for nobody's.
  const Marketplace* of_va_number(std::string_view va_number) const {
    const Marketplace* found = nullptr;
    for (const Marketplace& one : all)
      if (va_number.starts_with(one.va_prefix) && (found == nullptr || one.va_prefix.size() > found->va_prefix.size()))
        found = &one;
    return found;
  }
};

}  // namespace dompet
