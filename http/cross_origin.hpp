#pragma once

#include <string>
#include <vector>

#include "http/exchange.hpp"

namespace dompet::http {

// What is said to browsers and believed of proxies, by allow-lists.

/// Puts the CORS headers on the answer when the request comes from a page of one of these origins.
void allow_origin(const std::vector<std::string>& origins, Exchange& exchange);

/// The answer to OPTIONS on a path that knows these methods: to a preflight whose origin is allowed, what it may send.
HttpResponse options(const Exchange& exchange, const std::string& methods);

/// The address of the client: the last one in X-Forwarded-For that is no proxy of ours, when a proxy of ours sent it.
/// Whatever else stands there anybody could have written.
std::string client_behind(const std::vector<std::string>& proxies, const HttpRequest& request);

}  // namespace dompet::http
