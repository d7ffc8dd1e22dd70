#include "webhooks/message.hpp"

#include "providers/signature.hpp"

namespace dompet {

OutboundRequest webhook_request(const std::string& url, std::string_view event_id, std::int64_t at_s,
                                const std::string& body, const std::vector<std::string>& secrets) {
  std::string signatures;
  for (const std::string& secret : secrets)
    signatures.append(signatures.empty() ? "" : " ").append(sign_callback(secret, event_id, at_s, body));
  return {.method = "POST",
          .url = url,
          .headers = {{"Content-Type", "application/json"},
                      {"User-Agent", "Dompet-Webhooks"},
                      {"webhook-id", std::string{event_id}},
                      {"webhook-timestamp", std::to_string(at_s)},
                      {"webhook-signature", signatures}},
          .body = body};
}

}  // namespace dompet
