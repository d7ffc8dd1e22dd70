#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "outbound/http_client.hpp"
#include "providers/marketplace_settings.hpp"

namespace dompet {

/// An order as its marketplace shows it.
struct MarketplaceOrder {
  /// In the marketplace's currency, as a decimal without superfluous zeros.
  std::string total{};
  bool is_paid = false;
};

/// Speaks a marketplace's GraphQL: the query getOrderByVA and the mutation updatePaymentStatus. Whatever is not a clear
/// answer is one sentence that says why. Blocks, at most for the time-out; one thread at a time.
class MarketplaceClient {
 public:
  MarketplaceClient(Marketplace marketplace, const MarketplaceSettings& settings);

  /// The order behind a number; nothing when the marketplace knows none.
  std::expected<std::optional<MarketplaceOrder>, std::string> look_up(const std::string& va_number);

  /// Tells that the order is paid: signed as Standard Webhooks does it, with `id` as webhook-id and Idempotency-Key, so
  /// that the marketplace can tell a repetition. Nothing when it has heard, otherwise why it has not.
  std::optional<std::string> tell_paid(const std::string& va_number, const std::string& id, std::int64_t now_s);

 private:
  std::expected<std::string, std::string> call(OutboundRequest request);

  Marketplace marketplace_;
  /// What notices are signed with; empty for not at all.
  std::string key_;
  std::string token_;
  std::string paid_status_;
  HttpClient client_;
};

}  // namespace dompet
