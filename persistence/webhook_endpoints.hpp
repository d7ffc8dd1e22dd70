#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "persistence/audit_log.hpp"
#include "persistence/reference_table.hpp"

namespace dompet {

class Vault;

/// Where somebody wants to hear what happens to his wallets. Its secrets stay in the database.
struct WebhookEndpoint {
  Uuid id{};
  Uuid user{};
  /// Whose wallet alone it hears of; otherwise of all wallets of the user.
  std::optional<Uuid> merchant{};
  std::string url{};
  std::string description{};
  /// A JSON list: "payment.captured", "payment.*"; none: all of them.
  std::string event_types = "[]";
  bool is_active = true;
  /// Why it is not, and since when.
  std::string disabled_why{};
  std::optional<std::int64_t> disabled_at_ms{};
  std::optional<std::int64_t> failing_since_ms{};
  /// Until when the secret before signs too.
  std::optional<std::int64_t> previous_secret_ends_at_ms{};
  std::int64_t created_at_ms = 0;
  std::int64_t updated_at_ms = 0;
};

/// What is written of a new one; without a user it is the merchant's owner's.
struct NewWebhookEndpoint {
  Uuid id{};
  Uuid user{};
  std::optional<Uuid> merchant{};
  std::string url{};
  std::string description{};
  std::string event_types = "[]";
  /// Sealed with the vault.
  std::string secret_sealed{};
};

/// What is not given stays.
struct WebhookEndpointChange {
  std::optional<std::string> url{};
  std::optional<std::string> description{};
  std::optional<std::string> event_types{};
};

/// All that are given must hold.
struct WebhookEndpointQuery {
  std::optional<ReferenceOwner> owner{};
  std::optional<Uuid> merchant{};
  /// "active" or "disabled"; empty for both.
  std::string status{};
  std::optional<Uuid> before{};
  int limit = 50;
};

enum class WebhookFault : std::uint8_t {
  /// None, or not the owner's.
  no_endpoint,
  no_delivery,
  no_merchant,
  /// The owner has as many as he may.
  too_many,
  /// It hears nothing until it is enabled.
  is_disabled,
};

template <class Value>
using WebhookResult = std::expected<Value, WebhookFault>;

/// Endpoints, in database 0. Every write is one transaction with its audit. With an `owner` those of others do not
/// exist. Blocks; throws what a reader throws.
class WebhookEndpoints {
 public:
  using Owner = std::optional<ReferenceOwner>;

  explicit WebhookEndpoints(Reader& reader);

  /// At most `most` of one merchant, or of one user without a merchant.
  WebhookResult<WebhookEndpoint> add(const NewWebhookEndpoint& endpoint, const Owner& owner, const Act& act, int most);
  /// Newest first, by id.
  std::vector<WebhookEndpoint> list(const WebhookEndpointQuery& query);
  WebhookResult<WebhookEndpoint> find(const Uuid& id, const Owner& owner);
  WebhookResult<WebhookEndpoint> change(const Uuid& id, const WebhookEndpointChange& change, const Owner& owner,
                                        const Act& act);
  /// The secret of now signs beside the new one for so long; one that is older ends at once.
  WebhookResult<WebhookEndpoint> rotate(const Uuid& id, const std::string& secret_sealed, std::chrono::seconds overlap,
                                        const Owner& owner, const Act& act);
  /// Forgets its failures, too. Twice is once.
  WebhookResult<WebhookEndpoint> enable(const Uuid& id, const Owner& owner, const Act& act);
  WebhookResult<WebhookEndpoint> disable(const Uuid& id, const std::string& why, const Owner& owner, const Act& act);
  /// At once; what waits for it is never sent.
  WebhookResult<WebhookEndpoint> remove(const Uuid& id, const Owner& owner, const Act& act);

 private:
  WebhookResult<WebhookEndpoint> update(const Uuid& id, const Owner& owner, const std::string& assignments,
                                        class Parameters values, const NewAudit& audit);

  SqlSession& session_;
};

/// Seals the secrets of at most `limit` endpoints behind `after` with the newest key, in the transaction that is open,
/// and counts them; the last one, or nothing after the last of all. Throws std::runtime_error, a whole sentence, when
/// one was sealed with a key that the vault does not have.
std::optional<Uuid> seal_webhook_secrets_again(SqlSession& session, const Vault& vault,
                                               const std::optional<Uuid>& after, int limit, std::int64_t& sealed);

}  // namespace dompet
