#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "events/consumer.hpp"

namespace dompet {

struct NewWebhookDelivery;

/// Finds out which endpoints each event is for, and writes a delivery for each of them in the transaction that also
/// notes that the event was taken: so none is lost and none is written twice, whoever dies when. While there is no
/// active endpoint it does nothing at all.
///
/// Who listens is kept in memory and read again when the database says that it changed, in the transaction of the page:
/// an endpoint hears of everything that is committed after it.
class WebhookRouter final : public events::Consumer {
 public:
  explicit WebhookRouter(events::EventJson to_json);
  ~WebhookRouter() override;

  std::string name() const override { return "webhooks"; }
  bool is_wanted(SqlSession& database0) override;
  /// Not while an endpoint is overfull (WebhookQueue::judge_overfull), which ends.
  bool has_room(SqlSession& database0) override;
  void take(std::span<const events::Event> page, SqlSession& database0, const std::stop_token& stop) override;

 private:
  struct Listener {
    Uuid endpoint{};
    events::TypeFilter types{};
  };
  void learn(SqlSession& database0);
  void add(std::vector<NewWebhookDelivery>& deliveries, const events::Event& event,
           const std::vector<Listener>& listeners, std::optional<std::string>& body) const;

  events::EventJson to_json_;
  std::int64_t revision_ = -1;
  std::chrono::steady_clock::time_point learned_{};
  std::unordered_map<UserId, std::vector<Listener>> by_user_{};
  std::unordered_map<WalletId, std::vector<Listener>> by_wallet_{};
};

}  // namespace dompet
