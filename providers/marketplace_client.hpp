#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "outbound/http_client.hpp"
#include "providers/marketplace_settings.hpp"

namespace dompet {

/// An order as its marketplace shows it.
struct MarketplaceOrder {
  /// In the marketplace's currency, as a decimal without superfluous zeros.
  std::string total{};
  /// `unpaid` only when every word that the marketplace has for it says so.
  enum class State { unknown, unpaid, paid };
  State state = State::unknown;
  /// Those words, fit to be shown: "PENDING, UNPAID".
  std::string statuses{};
};

/// What a marketplace said to a notice.
struct Heard {
  enum class End {
    yes,
    /// It answered, and does not take it: it will not until somebody there or here changes something.
    refused,
    /// No answer, or none that says anything.
    no,
  };
  End end = End::yes;
  /// Why not, in one sentence.
  std::string reason{};
};

/// Speaks a marketplace's GraphQL: the query getOrderByVA and the mutation updatePaymentStatus. Whatever is not a clear
/// answer is one sentence that says why. Blocks, at most for the time-out; one thread at a time.
class MarketplaceClient {
 public:
  MarketplaceClient(Marketplace marketplace, const MarketplaceSettings& settings);

  /// The order behind a number; nothing when the marketplace knows none.
  std::expected<std::optional<MarketplaceOrder>, std::string> look_up(const std::string& va_number);

  /// Tells that the order is paid: signed as Standard Webhooks does it, with `id` as webhook-id and Idempotency-Key, so
  /// that the marketplace can tell a repetition.
  Heard tell_paid(const std::string& va_number, const std::string& id, std::int64_t now_s);

 private:
  /// The body of an answer 200.
  std::expected<std::string, Heard> call(OutboundRequest request);
  MarketplaceOrder::State state_of(const std::vector<std::string>& statuses) const;

  Marketplace marketplace_;
  /// What notices are signed with; empty for not at all.
  std::string key_;
  std::string token_;
  std::string paid_status_;
  std::vector<std::string> unpaid_statuses_;
  HttpClient client_;
};

}  // namespace dompet
