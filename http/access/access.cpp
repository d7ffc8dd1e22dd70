#include "http/access/access.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "domain/ensure.hpp"
#include "http/router.hpp"

namespace dompet::http {

namespace {

/// Of a generation: a token and its caller take about a kilobyte and a half.
constexpr std::size_t most_remembered = 8'192;
constexpr std::size_t open_to_all = ~std::size_t{0};
constexpr std::string_view scheme = "Bearer ";

/// By how much the time of a word may be ahead of its commit.
constexpr std::int64_t clock_allowance_ms = 60'000;

std::int64_t steady_ms() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

bool is_bearer(std::string_view header) {
  return header.size() > scheme.size() && std::ranges::equal(header.substr(0, scheme.size()), scheme,
                                                             [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

std::vector<std::size_t> needs_of(std::span<const Route> routes) {
  std::vector<std::size_t> needed;
  for (const Route& route : routes) {
    const auto place = find_permission(route.permission);
    ensure(route.permission.empty() || place, "every route names a permission of the table");
    needed.push_back(route.permission.empty() ? open_to_all : *place);
  }
  return needed;
}

Caller test_administrator() {
  Caller caller{.kind = Caller::Kind::user, .name = "test without access"};
  caller.permissions.add("*");
  return caller;
}

}  // namespace

Access::Access(const IdentitySettings& settings)
    : without_access_(settings.without_access),
      token_life_ms_(std::chrono::milliseconds(settings.access_token).count() + clock_allowance_ms),
      needed_(needs_of(all_routes())) {}

void Access::update(const AccessUpdate& update) {
  if (update.keys)
    keys_ = update.keys;
  if (update.roles) {
    roles_ = update.roles;
    young_.clear();
    old_.clear();
  }
  if (update.news.now_ms > 0)
    ahead_of_steady_ms_ = update.news.now_ms - steady_ms();
  bool is_news = false;
  for (const RevokedSession& revoked : update.news.sessions)
    is_news |= revoked_sessions_.insert_or_assign(revoked.session, revoked.at_ms).second;
  for (const ChangedUser& changed : update.news.users)
    is_news |= std::exchange(changed_users_[changed.user], changed.at_ms) != changed.at_ms;
  if (is_news)
    forget_revoked();
  const std::int64_t too_old_ms = update.news.now_ms - token_life_ms_;
  std::erase_if(revoked_sessions_, [&](const auto& entry) { return entry.second < too_old_ms; });
  std::erase_if(changed_users_, [&](const auto& entry) { return entry.second < too_old_ms; });
}

std::int64_t Access::now_ms() const { return steady_ms() + ahead_of_steady_ms_; }

bool Access::is_revoked(const Caller& caller) const {
  if (revoked_sessions_.contains(caller.session))
    return true;
  const auto changed = changed_users_.find(caller.user);
  return changed != changed_users_.end() && caller.issued_ms <= changed->second;
}

void Access::forget_revoked() {
  for (Tokens* tokens : {&young_, &old_})
    std::erase_if(*tokens, [this](const auto& entry) { return is_revoked(entry.second.caller); });
}

std::expected<Caller, Problem> Access::authenticate(const HttpRequest& request) {
  if (without_access_)
    return test_administrator();
  const auto header = request.header("Authorization");
  if (!header)
    return std::unexpected(Problem{.code = "unauthenticated"});
  if (!is_bearer(*header) || request.count("Authorization") > 1)
    return std::unexpected(Problem{.code = "invalid_token", .detail = "Send one header `Authorization: Bearer …`."});
  const std::string_view token = header->substr(scheme.size());
  if (const Verified* known = recall(token)) {
    if (known->expires_ms > now_ms())
      return known->caller;
    return std::unexpected(Problem{.code = "invalid_token"});
  }
  const auto claims = keys_->verify(token, now_ms());
  if (!claims)
    return std::unexpected(Problem{.code = "invalid_token"});
  Verified verified{{.kind = Caller::Kind::user,
                     .user = claims->user,
                     .session = claims->session,
                     .issued_ms = claims->issued_ms,
                     .name = claims->name},
                    claims->expires_ms};
  if (is_revoked(verified.caller))
    return std::unexpected(Problem{.code = "invalid_token", .detail = "The session is over, or rights have changed."});
  for (const std::string& role : claims->roles)
    if (const auto found = roles_->find(role); found != roles_->end())
      verified.caller.permissions.add(found->second);
  return remember(token, std::move(verified)).caller;
}

const Access::Verified* Access::recall(std::string_view token) {
  if (const auto found = young_.find(token); found != young_.end())
    return &found->second;
  const auto found = old_.find(token);
  if (found == old_.end())
    return nullptr;
  Verified verified = std::move(found->second);
  old_.erase(found);
  return &remember(token, std::move(verified));
}

const Access::Verified& Access::remember(std::string_view token, Verified verified) {
  if (young_.size() >= most_remembered) {
    old_ = std::move(young_);
    young_ = {};
  }
  return young_.insert_or_assign(std::string{token}, std::move(verified)).first->second;
}

Grant Access::decide(const Caller& caller, const Route& route) const {
  const std::size_t needed = needed_[static_cast<std::size_t>(&route - all_routes().data())];
  if (needed == open_to_all)
    return Grant::any;
  return caller.permissions.grant(needed);
}

bool may_touch(const Exchange& exchange, const Uuid& owner) {
  if (exchange.grant == Grant::any)
    return true;
  return exchange.grant == Grant::own && !owner.is_nil() && exchange.caller.user == owner;
}

bool holds(const Exchange& exchange, std::string_view permission) {
  const auto place = find_permission(permission);
  ensure(place.has_value(), "a route asks for a permission of the table");
  return exchange.caller.permissions.grant(*place) == Grant::any;
}

std::string signature(const Exchange& exchange, std::string_view on_behalf_of) {
  const std::string& name = exchange.caller.name;
  if (on_behalf_of.empty() || on_behalf_of == name)
    return name;
  return name + " for " + std::string{on_behalf_of};
}

}  // namespace dompet::http
