#include "webhooks/router.hpp"

#include <utility>

#include "persistence/audit_log.hpp"
#include "persistence/webhook_listeners.hpp"
#include "persistence/webhook_queue.hpp"

namespace dompet {

namespace {

using std::chrono::steady_clock;

/// What the revision does not tell is learned so late: a merchant or a user in the trash, a user who is locked out.
constexpr std::chrono::seconds longest_belief{5};

}  // namespace

WebhookRouter::WebhookRouter(events::EventJson to_json) : to_json_(std::move(to_json)) {}

WebhookRouter::~WebhookRouter() = default;

void WebhookRouter::learn(SqlSession& database0) {
  const std::int64_t revision = webhook_revision(database0);
  if (revision == revision_ && steady_clock::now() - learned_ < longest_belief)
    return;
  by_user_.clear();
  by_wallet_.clear();
  for (WebhookListener& listener : webhook_listeners(database0)) {
    Listener known{listener.endpoint, {std::move(listener.event_types)}};
    if (listener.only)
      by_wallet_[*listener.only].push_back(std::move(known));
    else
      by_user_[listener.user].push_back(std::move(known));
  }
  revision_ = revision;
  learned_ = steady_clock::now();
}

bool WebhookRouter::is_wanted(SqlSession& database0) {
  learn(database0);
  return !by_user_.empty() || !by_wallet_.empty();
}

bool WebhookRouter::has_room(SqlSession& database0) { return is_room_for_webhooks(database0); }

void WebhookRouter::add(std::vector<NewWebhookDelivery>& deliveries, const events::Event& event,
                        const std::vector<Listener>& listeners, std::optional<std::string>& body) const {
  for (const Listener& listener : listeners) {
    if (!listener.types.matches(event.type))
      continue;
    if (!body)
      body = to_json_(event);
    NewWebhookDelivery delivery{.id = make_row_id(),
                                .endpoint = listener.endpoint,
                                .event_id = event.id,
                                .event_type = event.type,
                                .wallet = event.wallet,
                                .body = *body};
    if (event.wallet_seq)
      delivery.wallet_seq = static_cast<std::int64_t>(*event.wallet_seq);
    deliveries.push_back(std::move(delivery));
  }
}

void WebhookRouter::take(std::span<const events::Event> page, SqlSession& database0, const std::stop_token&) {
  learn(database0);
  std::vector<NewWebhookDelivery> deliveries;
  for (const events::Event& event : page) {
    std::optional<std::string> body;
    if (const auto found = by_user_.find(event.owner); found != by_user_.end() && event.owner != UserId{})
      add(deliveries, event, found->second, body);
    if (const auto found = by_wallet_.find(event.wallet); found != by_wallet_.end())
      add(deliveries, event, found->second, body);
  }
  add_webhook_deliveries(database0, deliveries);
}

}  // namespace dompet
