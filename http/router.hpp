#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/admission.hpp"
#include "http/exchange.hpp"

namespace dompet::http {

struct Services;

/// What a route takes as its body.
enum class Body : std::uint8_t { none, json, bulk_json };

/// One row of the table of routes (routes.cpp): everything about a route except what it does.
struct Route {
  Method method;
  /// Segments in braces capture: /v1/wallets/{id}.
  std::string_view path;
  /// What a caller must be allowed to do (access/permissions.cpp); empty for routes that are open to all.
  std::string_view permission;
  Load load;
  Body body;
  /// Needs an Idempotency-Key header; so it moves money, and its 503 says `applied`.
  bool needs_key;
  /// Answers the exchange, now or later, on the io thread. What it throws becomes a 500.
  void (*serve)(Services& services, const ExchangePtr& exchange);
  /// Open to all, because a signature in the request says who sends it: no bound of logins is for it, admission alone.
  bool is_signed = false;
  /// Open to all, but whoever sends a token is who it says, and others are few: strangers' quota is for them.
  bool is_for_anyone = false;
};

/// Every route there is, in the order of the documentation.
std::span<const Route> all_routes();

struct Found {
  const Route* route = nullptr;
  std::array<std::string_view, 2> captures{};
  /// When the path exists but not for this method: what it does know, for the Allow header.
  std::string allow{};
};

/// Finds routes by method and path: a tree by segments, no pattern matching. Read only after it is built.
class Router {
 public:
  explicit Router(std::span<const Route> routes);
  ~Router();

  /// HEAD finds what GET finds.
  Found find(Method method, std::string_view path) const;

 private:
  struct Node;
  static std::string allowed(const Node& node);

  std::unique_ptr<Node> root_;
};

}  // namespace dompet::http
