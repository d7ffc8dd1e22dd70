#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/event.hpp"
#include "persistence/event_journal.hpp"

namespace dompet::http {

/// Which events somebody asks for, and may see: everybody's, those of a user's wallets, or those of one wallet.
struct EventScope {
  std::optional<UserId> owner{};
  /// Then `owner` is not looked at.
  std::optional<WalletId> wallet{};
  events::TypeFilter types{};

  bool is_everything() const { return !owner && !wallet; }
};

/// How far somebody has read: of everything each shard's stream, otherwise each wallet.
struct EventPlace {
  StreamMarks streams{};
  std::vector<WalletPlace> wallets{};

  /// Zero for a wallet that is not named.
  WalletPlace of(const WalletId& wallet) const;
  WalletPlace& of(const WalletId& wallet);
  bool operator==(const EventPlace&) const = default;
};

/// The opaque text of a place, for cursors and Last-Event-ID: bound to what was asked for.
std::string write_event_place(const EventScope& scope, const EventPlace& place);
/// The place, or the code of what is wrong: invalid_cursor, or cursor_mismatch for one of another question.
std::expected<EventPlace, std::string_view> read_event_place(std::string_view text, const EventScope& scope);

}  // namespace dompet::http
