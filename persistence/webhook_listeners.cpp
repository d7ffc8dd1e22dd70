#include "persistence/webhook_listeners.hpp"

#include <algorithm>
#include <utility>

#include "persistence/session.hpp"

namespace dompet {

std::int64_t webhook_revision(SqlSession& database0) {
  return database0.ask_prepared("SELECT number FROM webhook_revision")[0].number(0);
}

std::vector<WebhookListener> webhook_listeners(SqlSession& database0) {
  std::vector<WebhookListener> listeners;
  database0
      .ask_prepared("SELECT e.id, m.wallet_id, e.user_id, array_to_string(e.event_types, ' ') FROM webhook_endpoint e"
                    " JOIN app_user u ON u.id = e.user_id LEFT JOIN merchant m ON m.id = e.merchant_id WHERE"
                    " e.status = 'active' AND e.deleted_at IS NULL AND u.status = 'active' AND u.deleted_at IS NULL "
                    "AND m.deleted_at IS NULL")
      .each([&](const Row& row) {
        WebhookListener listener{.endpoint = row.uuid(0), .user = {row.uuid(2)}};
        if (const auto wallet = row.uuid_if_any(1))
          listener.only = WalletId{*wallet};
        std::string_view types = row.text(3);
        while (!types.empty()) {
          const std::size_t end = std::min(types.find(' '), types.size());
          listener.event_types.emplace_back(types.substr(0, end));
          types.remove_prefix(std::min(types.size(), end + 1));
        }
        listeners.push_back(std::move(listener));
      });
  return listeners;
}

}  // namespace dompet
