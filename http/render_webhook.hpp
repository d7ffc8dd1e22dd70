#pragma once

#include <string>

#include "http/exchange.hpp"
#include "http/json.hpp"
#include "persistence/webhook_deliveries.hpp"
#include "persistence/webhook_endpoints.hpp"

namespace dompet::http {

/// `secret` only when it has just been made: it is shown once.
void append_webhook_endpoint(JsonWriter& json, const WebhookEndpoint& endpoint, const std::string& secret = {});

/// A line of the log: with the newest attempt, without the body.
void append_webhook_delivery(JsonWriter& json, const WebhookDelivery& delivery);
/// With what is sent and every attempt that is remembered.
void append_whole_webhook_delivery(JsonWriter& json, const WebhookDelivery& delivery);

HttpResponse webhook_refusal(WebhookFault fault, const HttpRequest& request);

}  // namespace dompet::http
