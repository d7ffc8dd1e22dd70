#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/ids.hpp"

namespace dompet {

class SqlSession;

/// An active endpoint, as whoever looks for those that an event is for must know it.
struct WebhookListener {
  Uuid endpoint{};
  /// It hears of this wallet alone; otherwise of all wallets of the user.
  std::optional<WalletId> only{};
  UserId user{};
  /// None: all of them.
  std::vector<std::string> event_types{};
};

/// Changes whenever the list of listeners does, in the same transaction.
std::int64_t webhook_revision(SqlSession& database0);
/// Of users and merchants that are not in the trash; not of users who are locked out.
std::vector<WebhookListener> webhook_listeners(SqlSession& database0);

}  // namespace dompet
