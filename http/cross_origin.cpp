#include "http/cross_origin.hpp"

#include <algorithm>

namespace dompet::http {

namespace {

constexpr std::size_t longest_address = 45;  // of an IPv6 address in text form

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == text.npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_address(std::string_view text) {
  return !text.empty() && text.size() <= longest_address &&
         text.find_first_not_of("0123456789abcdefABCDEF.:") == text.npos;
}

}  // namespace

void allow_origin(const std::vector<std::string>& origins, Exchange& exchange) {
  if (origins.empty())
    return;
  exchange.headers.emplace_back("Vary", "Origin");
  const auto origin = exchange.request.header("Origin");
  if (!origin || std::ranges::find(origins, *origin) == origins.end())
    return;
  exchange.headers.emplace_back("Access-Control-Allow-Origin", std::string{*origin});
  exchange.headers.emplace_back("Access-Control-Expose-Headers",
                                "Link, Location, Retry-After, X-Request-Id, Idempotent-Replayed, RateLimit-Limit, "
                                "RateLimit-Remaining, RateLimit-Reset");
}

HttpResponse options(const Exchange& exchange, const std::string& methods) {
  HttpResponse response{.status = 200, .content_type = {}, .body = {}, .headers = {{"Allow", methods}}};
  const bool is_allowed = std::ranges::any_of(
      exchange.headers, [](const auto& field) { return field.first == "Access-Control-Allow-Origin"; });
  if (!is_allowed || !exchange.request.header("Access-Control-Request-Method"))
    return response;
  response.status = 204;
  response.headers.emplace_back("Access-Control-Allow-Methods", methods);
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                "Authorization, Content-Type, Idempotency-Key, X-Api-Key, X-Request-Id, traceparent");
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

std::string client_behind(const std::vector<std::string>& proxies, const HttpRequest& request) {
  const auto is_ours = [&](std::string_view address) { return std::ranges::find(proxies, address) != proxies.end(); };
  std::string client = request.client;
  for (auto field = request.headers.rbegin(); field != request.headers.rend() && is_ours(client); ++field) {
    if (!std::ranges::equal(field->first, std::string_view{"x-forwarded-for"},
                            [](char a, char b) { return (a | 0x20) == (b | 0x20); }))
      continue;
    for (std::string_view left = field->second; !left.empty() && is_ours(client);) {
      const std::size_t comma = left.rfind(',');
      const std::string_view last = trimmed(comma == left.npos ? left : left.substr(comma + 1));
      left = comma == left.npos ? std::string_view{} : left.substr(0, comma);
      if (!is_address(last))
        return client;
      client = last;
    }
  }
  return client;
}

}  // namespace dompet::http
