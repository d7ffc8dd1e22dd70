#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "providers/marketplace_settings.hpp"

namespace dompet {

class Reader;
struct MarketplaceCounts;
struct MarketplaceNotice;

/// What happens to bills behind their payers' backs: payments whose end nobody noted (the process died, the answer came
/// later) are looked up in the journal, and marketplaces are told of what was paid, for ever until they have heard. One
/// thread for the journal, one for each marketplace, each with sessions of its own. Nodes share the work by rows.
class BillSweep {
 public:
  using MakeReader = std::function<std::unique_ptr<Reader>()>;

  /// `databases` by number; invoices and notices are in the first. `counts` outlives it.
  BillSweep(MarketplaceSettings settings, std::vector<MakeReader> databases, MarketplaceCounts& counts);
  /// Waits for calls under way.
  ~BillSweep();
  BillSweep(const BillSweep&) = delete;

 private:
  void settle(const std::stop_token& stop);
  void tell(const std::stop_token& stop, const Marketplace& marketplace);
  bool tell_next(Reader& reader, class MarketplaceClient& client, const Marketplace& marketplace);
  void note_unheard(class MarketplaceStore& store, const MarketplaceNotice& notice, const struct Heard& heard);
  std::int64_t pause_after(int attempts) const;

  const MarketplaceSettings settings_;
  const std::vector<MakeReader> databases_;
  MarketplaceCounts& counts_;
  std::vector<std::jthread> threads_{};
};

}  // namespace dompet
