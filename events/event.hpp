#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/movement.hpp"
#include "domain/record.hpp"

namespace dompet::events {

using RecordPtr = std::shared_ptr<const Record>;

/// What one record of the journal did to one wallet, as those who listen hear of it: a record with two legs is two
/// events. Made of committed rows and of nothing else, so the same record gives the same events for ever.
struct Event {
  /// `<shard>-<shard_seq>-<leg>`: the same for ever, different for every event of the ledger.
  std::string id{};
  /// One of `all_types`, such as transfer.completed.
  std::string type{};
  /// When the record was sealed, milliseconds since 1970.
  std::int64_t created_at_ms = 0;
  WalletId wallet{};
  /// The wallet's own order: events of a wallet that have one come in its order, without gaps. Nothing for what changed
  /// no balance and no state of the wallet: a declined request, a top-up that waits, a wish to cancel.
  std::optional<std::uint64_t> wallet_seq{};
  /// Nil when the wallet is nobody's, or when who made the event did not look.
  UserId owner{};
  /// Whether the wallet is the side that receives; nothing for what moves no money.
  std::optional<Direction> direction{};
  RecordPtr record{};
  /// In `record`; null for an event without a seq.
  const Leg* leg = nullptr;
};

/// The events of a record are appended, in the order of its legs. None for a refusal at a transfer's destination: who
/// was to receive never hears of it, and who was to pay hears that his hold was released.
void append_events(std::vector<Event>& events, const RecordPtr& record);

/// Every type there is, by kind.
std::span<const std::string_view> all_types();

/// Which types somebody wants to hear of.
struct TypeFilter {
  /// Types, or `<kind>.*` for all of a kind; none of them: everything.
  std::vector<std::string> patterns{};

  bool matches(std::string_view type) const;
};

/// Whether a filter can have this pattern: a type, or a kind with `.*`.
bool is_type_pattern(std::string_view pattern);

/// Writes an event as JSON, the same bytes for the same event. The one that all outlets use is http/render_event.hpp;
/// rooms below http are handed it.
using EventJson = std::function<std::string(const Event& event)>;

}  // namespace dompet::events
