#include "http/access/token.hpp"

#include <stdexcept>
#include <utility>

#include "http/json.hpp"
#include "persistence/access_store.hpp"
#include "persistence/vault.hpp"

namespace dompet::http {

namespace {

constexpr std::string_view audience = "dompet";
/// A refresh token or a code is never taken for one of these, nor one of these for them.
constexpr std::string_view kind = "access";
/// A new key signs only after every node has heard of it, and after every copy of the published keys without it is too
/// old to be kept.
constexpr std::int64_t nodes_know_after_ms = 10'000;
constexpr std::int64_t known_everywhere_after_ms =
    nodes_know_after_ms + std::chrono::milliseconds(jwks_may_be_kept).count();
constexpr std::size_t longest_token = 8'192;

std::string_view text_of(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.find(name);
  return value != nullptr && value->kind == JsonValue::Kind::text ? std::string_view{value->text} : std::string_view{};
}

std::optional<JsonValue> object_in(std::string_view part) {
  const auto text = from_base64url(part);
  if (!text)
    return std::nullopt;
  auto value = parse_json(*text);
  if (!value || value->kind != JsonValue::Kind::object)
    return std::nullopt;
  return std::move(*value);
}

std::string header_of(const std::string& kid) {
  std::string text;
  JsonWriter(text).begin_object().plain("alg", "RS256").plain("typ", "JWT").plain("kid", kid).end_object();
  return text;
}

std::string payload_of(const TokenClaims& claims, const std::string& issuer) {
  std::array<std::uint8_t, 10> random{};
  const std::string bytes = random_bytes(random.size());
  std::copy(bytes.begin(), bytes.end(), random.begin());
  std::string text;
  JsonWriter json(text);
  json.begin_object().member("iss", issuer).plain("aud", audience).plain("typ", kind);
  json.plain("sub", to_string(claims.user)).plain("sid", to_string(claims.session));
  // The id carries the milliseconds that iat has no place for.
  json.plain("jti", to_string(make_uuid_v7(claims.issued_ms, random)));
  json.member("preferred_username", claims.name).key("roles").begin_array();
  for (const std::string& role : claims.roles)
    json.text(role);
  json.end_array();
  json.key("iat").number(claims.issued_ms / 1000).key("exp").number(claims.expires_ms / 1000).end_object();
  return text;
}

/// What the signature vouches for, if it is ours at all.
std::optional<TokenClaims> claims_in(const JsonValue& payload, const std::string& issuer, std::int64_t now_ms) {
  const JsonValue* expiry = payload.find("exp");
  const JsonValue* roles = payload.find("roles");
  const auto user = parse_uuid(text_of(payload, "sub"));
  const auto session = parse_uuid(text_of(payload, "sid"));
  const auto id = parse_uuid(text_of(payload, "jti"));
  if (text_of(payload, "iss") != issuer || text_of(payload, "aud") != audience || text_of(payload, "typ") != kind ||
      !user || !session || !id || expiry == nullptr || expiry->kind != JsonValue::Kind::integer || roles == nullptr)
    return std::nullopt;
  TokenClaims claims{*user, *session, std::string{text_of(payload, "preferred_username")}, {}, unix_ms_of(*id)};
  claims.expires_ms = expiry->integer * 1000;
  for (const JsonValue& role : roles->items)
    claims.roles.push_back(role.text);
  if (claims.expires_ms <= now_ms)
    return std::nullopt;
  return claims;
}

}  // namespace

std::shared_ptr<const KeySet> KeySet::make(const std::vector<StoredSigningKey>& stored, const Vault& vault,
                                           std::string issuer) {
  auto set = std::make_shared<KeySet>();
  set->issuer_ = std::move(issuer);
  JsonWriter json(set->jwks_);
  json.begin_object().key("keys").begin_array();
  for (const StoredSigningKey& key : stored) {
    const auto pem = vault.unseal(key.private_sealed);
    if (!pem)
      throw std::runtime_error("The key file does not hold the key that signing key " + key.id +
                               " is sealed with; every node needs the same key file (docs/security.md).");
    set->keys_.push_back({key.id, RsaKey::from_private_pem(*pem), key.created_at_ms, key.ends_at_ms});
    const RsaKey& one = set->keys_.back().key;
    json.begin_object().plain("kty", "RSA").plain("use", "sig").plain("alg", "RS256").plain("kid", key.id);
    json.plain("n", base64url(one.modulus())).plain("e", base64url(one.exponent())).end_object();
  }
  json.end_array().end_object();
  return set;
}

/// The newest that everybody knows; while nobody can know one, the oldest. It outlives the token.
const KeySet::Key& KeySet::signing(const TokenClaims& claims) const {
  if (keys_.empty())
    throw std::runtime_error("There is no key to sign tokens with.");
  const Key* chosen = nullptr;
  for (const Key& key : keys_)
    if (key.ends_at_ms >= claims.expires_ms &&
        (chosen == nullptr || key.created_at_ms + known_everywhere_after_ms <= claims.issued_ms))
      chosen = &key;
  return chosen == nullptr ? keys_.back() : *chosen;
}

std::string KeySet::sign(const TokenClaims& claims) const {
  const Key& with = signing(claims);
  std::string token = base64url(header_of(with.id)) + '.' + base64url(payload_of(claims, issuer_));
  return token + '.' + base64url(with.key.sign(token));
}

std::optional<TokenClaims> KeySet::verify(std::string_view token, std::int64_t now_ms) const {
  const std::size_t first = token.find('.');
  const std::size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (token.size() > longest_token || second == token.npos || token.find('.', second + 1) != token.npos)
    return std::nullopt;
  const auto header = object_in(token.substr(0, first));
  // The algorithm is ours to choose, never the token's.
  if (!header || text_of(*header, "alg") != "RS256")
    return std::nullopt;
  const std::string_view kid = text_of(*header, "kid");
  for (const Key& key : keys_) {
    if (key.id != kid)
      continue;
    const auto signature = from_base64url(token.substr(second + 1));
    if (!signature || !key.key.verify(token.substr(0, second), *signature))
      return std::nullopt;
    const auto payload = object_in(token.substr(first + 1, second - first - 1));
    return payload ? claims_in(*payload, issuer_, now_ms) : std::nullopt;
  }
  return std::nullopt;
}

StoredSigningKey make_signing_key(const Vault& vault, std::int64_t now_ms, std::int64_t sign_for_ms,
                                  std::int64_t keep_for_ms) {
  const RsaKey key = RsaKey::generate();
  StoredSigningKey stored;
  stored.id = base64url(random_bytes(12));
  stored.public_pem = key.public_pem();
  stored.private_sealed = vault.seal(key.private_pem());
  stored.created_at_ms = now_ms;
  stored.retires_at_ms = now_ms + sign_for_ms;
  stored.ends_at_ms = stored.retires_at_ms + keep_for_ms;
  return stored;
}

}  // namespace dompet::http
