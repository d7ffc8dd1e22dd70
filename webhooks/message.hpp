#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "outbound/http_client.hpp"

namespace dompet {

/// The request of Standard Webhooks 1.0.0: the body as it is, and over it one signature a secret, in webhook-signature,
/// so that a receiver that knows any of them takes it. Secrets are the bytes behind whsec_….
OutboundRequest webhook_request(const std::string& url, std::string_view event_id, std::int64_t at_s,
                                const std::string& body, const std::vector<std::string>& secrets);

}  // namespace dompet
