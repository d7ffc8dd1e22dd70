#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "providers/marketplace_client.hpp"

namespace dompet {

/// Asks marketplaces for orders, so that nobody else waits for them: each marketplace has threads and a bounded queue
/// of its own, and one that is dead keeps none of the others waiting.
class MarketplaceLookups {
 public:
  using Found = std::expected<std::optional<MarketplaceOrder>, std::string>;
  /// Called once, on one of the threads; never after the destructor has begun.
  using Then = std::function<void(Found found)>;

  explicit MarketplaceLookups(MarketplaceSettings settings);
  /// Waits for calls under way; what is queued is dropped.
  ~MarketplaceLookups();
  MarketplaceLookups(const MarketplaceLookups&) = delete;

  const MarketplaceSettings& settings() const { return settings_; }

  /// False when the marketplace's queue is full. Any thread; never blocks. `marketplace` is one of the settings'.
  bool ask(const Marketplace& marketplace, std::string va_number, Then then);

 private:
  struct Desk;
  void serve(Desk& desk);

  const MarketplaceSettings settings_;
  std::vector<std::unique_ptr<Desk>> desks_{};
};

}  // namespace dompet
