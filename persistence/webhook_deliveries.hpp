#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "persistence/webhook_endpoints.hpp"

namespace dompet {

/// One event on its way to one endpoint, or what became of it.
struct WebhookDelivery {
  Uuid id{};
  Uuid endpoint{};
  std::string event_id{};
  std::string event_type{};
  /// Nil for a ping.
  WalletId wallet{};
  std::optional<std::int64_t> wallet_seq{};
  /// "pending", "delivered", "failed", "discarded".
  std::string state{};
  int attempts = 0;
  std::int64_t created_at_ms = 0;
  std::optional<std::int64_t> next_attempt_at_ms{};
  std::optional<std::int64_t> finished_at_ms{};
  /// A JSON list of the newest attempts, oldest first: {at_ms, status, error, duration_ms}.
  std::string log = "[]";
  /// What is sent. Of single ones only.
  std::string body{};
};

/// All that are given must hold.
struct WebhookDeliveryQuery {
  Uuid endpoint{};
  std::string state{};
  std::string event_type{};
  std::optional<Uuid> before{};
  int limit = 50;
};

/// Which deliveries are sent once more: those made from `from_ms` on and before `until_ms`.
struct WebhookSpan {
  std::optional<std::int64_t> from_ms{};
  std::optional<std::int64_t> until_ms{};
  /// Delivered ones as well; otherwise what failed or was discarded.
  bool delivered_too = false;
  /// Only those after this one: `next_after` of the replay before.
  std::optional<Uuid> after{};
};

struct WebhookReplay {
  int replayed = 0;
  /// There are more in the span: ask again.
  bool has_more = false;
  /// The last one of these; without any, where the question began.
  std::optional<Uuid> next_after{};
};

/// The most that one call sends once more.
inline constexpr int most_replayed = 1'000;

/// The log of deliveries, in database 0. With an `owner` those of others do not exist. Blocks; throws what a reader
/// throws.
class WebhookDeliveries {
 public:
  using Owner = std::optional<ReferenceOwner>;

  explicit WebhookDeliveries(Reader& reader);

  /// Newest first, by id.
  WebhookResult<std::vector<WebhookDelivery>> list(const WebhookDeliveryQuery& query, const Owner& owner);
  WebhookResult<WebhookDelivery> find(const Uuid& id, const Owner& owner);
  /// An event of no wallet, only for this endpoint.
  WebhookResult<WebhookDelivery> ping(const Uuid& endpoint, const std::string& event_id, const std::string& event_type,
                                      const std::string& body, const Owner& owner, const Act& act);
  /// Once more, as if it were new, before whatever of its wallet waits; one that waits itself is tried at once.
  WebhookResult<WebhookDelivery> replay(const Uuid& id, const Owner& owner, const Act& act);
  /// The oldest ones first, in their order.
  WebhookResult<WebhookReplay> replay(const Uuid& endpoint, const WebhookSpan& span, const Owner& owner,
                                      const Act& act);

 private:
  WebhookResult<WebhookEndpoint> active(const Uuid& endpoint, const Owner& owner);

  WebhookEndpoints endpoints_;
  SqlSession& session_;
};

}  // namespace dompet
