#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/access/caller.hpp"
#include "http/access/token.hpp"
#include "http/problem.hpp"
#include "http/settings.hpp"
#include "persistence/access_store.hpp"

namespace dompet::http {

struct Route;

/// What a node hears about access; everything that is given replaces what was known.
struct AccessUpdate {
  AccessNews news{};
  std::shared_ptr<const std::map<std::string, PermissionSet>> roles{};
  std::shared_ptr<const KeySet> keys{};
  /// What was said on the channel: "card:<id>", "user:<id>".
  std::vector<std::string> said{};
  /// The connection is new, so something may have been said that nobody heard.
  bool is_new = false;
};

/// The one place that decides who a request comes from and what it may do. Everything it needs is in memory: the
/// signing keys, the permissions of every role, and which sessions and users were revoked within an access token's
/// life. So no request waits for a database to be let in, and a logout or a change of roles counts from the moment the
/// news is here, some milliseconds after its commit.
///
/// Tokens that were verified are remembered, so that the next request with one costs a look-up, not a signature.
/// Io thread only.
class Access {
 public:
  explicit Access(const IdentitySettings& settings);

  /// Takes what is given. A token that was refused once is never accepted again.
  void update(const AccessUpdate& update);

  /// Who sends it, by its Authorization header; otherwise a 401.
  std::expected<Caller, Problem> authenticate(const HttpRequest& request);
  /// How far the caller may go on a route.
  Grant decide(const Caller& caller, const Route& route) const;

  /// For the routes that issue tokens, on any thread: it never changes.
  std::shared_ptr<const KeySet> keys() const { return keys_; }
  std::size_t remembered_tokens() const { return young_.size() + old_.size(); }

 private:
  struct Verified {
    Caller caller{};
    std::int64_t expires_ms = 0;
  };
  /// Looked up without making a string of the view.
  struct TokenHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Tokens = std::unordered_map<std::string, Verified, TokenHash, std::equal_to<>>;

  /// Of the database, whose clock every node's tokens are dated by: a node whose own is wrong refuses nobody for it.
  std::int64_t now_ms() const;
  const Verified* recall(std::string_view token);
  const Verified& remember(std::string_view token, Verified verified);
  bool is_revoked(const Caller& caller) const;
  void forget_revoked();

  bool without_access_;
  std::int64_t token_life_ms_;
  std::int64_t ahead_of_steady_ms_ = 0;  // the database's clock, as it was last told
  std::shared_ptr<const KeySet> keys_{};
  std::shared_ptr<const std::map<std::string, PermissionSet>> roles_{};
  /// Both bounded by what happens within an access token's life.
  std::unordered_map<Uuid, std::int64_t, UuidHash> revoked_sessions_{};
  std::unordered_map<Uuid, std::int64_t, UuidHash> changed_users_{};
  /// When the young are many they become the old ones, and those go: whatever is in use is moved back.
  Tokens young_{};
  Tokens old_{};
  /// By the place of the route in the table.
  std::vector<std::size_t> needed_{};
};

/// Whether the request's caller may see or change what belongs to this user. A thing of another is answered 404.
bool may_touch(const Exchange& exchange, const Uuid& owner);
/// Whether the caller also has another permission, for all: what a route asks for depends on its body.
bool holds(const Exchange& exchange, std::string_view permission);

/// Who did it, for the record: the caller's name, and on whose behalf when he says so.
std::string signature(const Exchange& exchange, std::string_view on_behalf_of = {});

}  // namespace dompet::http
