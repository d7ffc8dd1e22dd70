#include <memory>
#include <string>
#include <utility>

#include "http/access/access.hpp"
#include "http/access/identity.hpp"
#include "http/answers.hpp"
#include "http/errand.hpp"
#include "http/id_source.hpp"
#include "http/identity_body.hpp"
#include "http/json.hpp"
#include "http/mailed_code.hpp"
#include "http/render_user.hpp"
#include "http/routes.hpp"
#include "notices/letters.hpp"
#include "persistence/identity_store.hpp"
#include "persistence/passwords.hpp"
#include "persistence/vault.hpp"

namespace dompet::http::routes {

namespace {

using ErrandPtr = std::shared_ptr<Errand>;
using Keys = std::shared_ptr<const KeySet>;

const std::vector<std::string> role_of_whoever_registers{"customer"};

LoginBounds bounds_of(const IdentitySettings& settings) {
  return {settings.failures_per_account, settings.failures_per_address, static_cast<int>(settings.lock.count())};
}

Problem locked(std::int64_t until_ms) {
  const std::int64_t left_s = (until_ms - wall_clock_ms()) / 1000 + 1;
  return {.code = "too_many_attempts", .retry_after_s = static_cast<int>(std::max<std::int64_t>(left_s, 1))};
}

HttpResponse tokens(const Issued& issued, const std::string& refresh_token, const KeySet& keys,
                    const IdentitySettings& settings) {
  const std::int64_t life_ms = std::chrono::milliseconds(settings.access_token).count();
  const std::string access = keys.sign(
      {issued.user.id, issued.session, issued.user.username, issued.user.roles, issued.at_ms, issued.at_ms + life_ms});
  std::string text;
  JsonWriter json(text);
  json.begin_object().plain("access_token", access).plain("refresh_token", refresh_token);
  json.plain("token_type", "Bearer").key("expires_in").number(settings.access_token.count()).end_object();
  HttpResponse response = json_response(std::move(text));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

/// On this node from now on, on the others as soon as they hear of it.
void revoke_here(Services& services, AccessUpdate update) {
  services.ask.post([&services, update = std::move(update)] { services.access.update(update); });
}

/// What a login needs on its way through the pools.
struct Login {
  Credentials credentials{};
  Uuid session{};
  std::string address{};
  Keys keys{};
  std::optional<StoredUser> user{};
};

void finish_login(const ErrandPtr& errand, const Login& login, bool is_right, Reader& reader) {
  const IdentitySettings& settings = errand->services().identity.settings();
  IdentityStore store(reader);
  if (const auto until_ms = store.judge_login(login.credentials.email, login.address, is_right, bounds_of(settings)))
    return errand->refuse(locked(*until_ms));
  if (!is_right)
    return errand->refuse({.code = "invalid_credentials"});
  const std::string refresh_token = random_secret();
  const auto issued = store.begin_session(login.user->id, login.session, login.address, sha256(refresh_token),
                                          settings.refresh_token.count());
  if (!issued)
    return errand->refuse({.code = "invalid_credentials"});
  errand->answer(tokens(*issued, refresh_token, *login.keys, settings));
}

/// Takes as long for an account that does not exist.
void compare(const ErrandPtr& errand, const std::shared_ptr<Login>& login) {
  const bool may_log_in = login->user && login->user->status == "active";
  const std::string& hash = login->user ? login->user->password_hash : nobodys_password_hash();
  const bool is_right = is_password(hash, login->credentials.password) && may_log_in;
  errand->query([errand, login, is_right](Reader& reader) { finish_login(errand, *login, is_right, reader); });
}

}  // namespace

void register_user(Services& services, const ExchangePtr& exchange) {
  auto body = read_registration(exchange->request.body);
  if (!body)
    return refuse(exchange, body.error());
  const auto errand = Errand::begin(services, exchange);
  const auto wanted = std::make_shared<Registration>(std::move(*body));
  errand->hash([errand, wanted, id = exchange->request.id] {
    const NewUser user{
        id, wanted->username, wanted->first_name, wanted->last_name, wanted->email, hash_password(wanted->password)};
    errand->query([errand, user](Reader& reader) {
      IdentityStore store(reader);
      const Taken taken =
          store.add(user, role_of_whoever_registers, welcome_for(user.email, errand->services().settings));
      if (taken != Taken::nothing)
        return errand->refuse({.code = "already_exists",
                               .detail = taken == Taken::email ? "There is an account with this e-mail address."
                                                               : "The username is taken."});
      HttpResponse response = json_response(render_user(*store.user(user.id)), 201);
      response.headers.emplace_back("Location", "/v1/auth/me");
      errand->answer(std::move(response));
    });
  });
}

void log_in(Services& services, const ExchangePtr& exchange) {
  auto body = read_credentials(exchange->request.body);
  if (!body)
    return refuse(exchange, body.error());
  const auto errand = Errand::begin(services, exchange);
  const auto login = std::make_shared<Login>(
      Login{std::move(*body), exchange->request.id, exchange->request.client, services.access.keys(), {}});
  errand->query([errand, login](Reader& reader) {
    IdentityStore store(reader);
    if (const auto until_ms = store.locked_until_ms(login->credentials.email, login->address))
      return errand->refuse(locked(*until_ms));
    login->user = store.user_by_email(login->credentials.email);
    errand->hash([errand, login] { compare(errand, login); });
  });
}

void refresh_tokens(Services& services, const ExchangePtr& exchange) {
  const auto body = read_one_word(exchange->request.body, "refresh_token");
  if (!body)
    return refuse(exchange, body.error());
  const auto errand = Errand::begin(services, exchange);
  errand->query([errand, hash = sha256(*body), keys = services.access.keys()](Reader& reader) {
    Services& all = errand->services();
    const IdentitySettings& settings = all.identity.settings();
    const std::string next = random_secret();
    const auto outcome = IdentityStore(reader).refresh(hash, sha256(next), settings.refresh_token.count());
    if (outcome.issued)
      return errand->answer(tokens(*outcome.issued, next, *keys, settings));
    if (outcome.fault == RefreshFault::reused)
      revoke_here(all, {.news = {.sessions = {{outcome.session, wall_clock_ms()}}, .users = {}, .now_ms = 0}});
    errand->refuse({.code = "invalid_refresh_token"});
  });
}

void log_out(Services& services, const ExchangePtr& exchange) {
  if (const auto body = read_nothing(exchange->request.body); !body)
    return refuse(exchange, body.error());
  const auto errand = Errand::begin(services, exchange);
  errand->query([errand, session = exchange->caller.session](Reader& reader) {
    IdentityStore(reader).revoke_session(session, "logged out");
    revoke_here(errand->services(), {.news = {.sessions = {{session, wall_clock_ms()}}, .users = {}, .now_ms = 0}});
    errand->answer(json_response("{}"));
  });
}

void show_me(Services& services, const ExchangePtr& exchange) {
  const auto errand = Errand::begin(services, exchange);
  errand->query([errand, id = exchange->caller.user, permissions = exchange->caller.permissions](Reader& reader) {
    const auto user = IdentityStore(reader).user(id);
    if (!user || user->deleted_at_ms)
      return errand->refuse({.code = "invalid_token"});
    errand->answer(json_response(render_me(*user, permissions)));
  });
}

void verify_email(Services& services, const ExchangePtr& exchange) {
  const auto body = read_one_word(exchange->request.body, "code");
  if (!body)
    return refuse(exchange, body.error());
  const auto errand = Errand::begin(services, exchange);
  errand->query([errand, hash = sha256(*body)](Reader& reader) {
    if (!IdentityStore(reader).verify_email(hash, email_verified(errand->services().settings.link_base)))
      return errand->refuse({.code = "invalid_code"});
    errand->answer(json_response("{}"));
  });
}

/// The same answer whether a mail goes out or not: the address may be verified, and mails to one are few.
void resend_verification(Services& services, const ExchangePtr& exchange) {
  if (const auto body = read_nothing(exchange->request.body); !body)
    return refuse(exchange, body.error());
  const auto errand = Errand::begin(services, exchange);
  errand->query([errand, id = exchange->caller.user](Reader& reader) {
    IdentityStore store(reader);
    if (const auto user = store.user(id))
      store.add_code(id, CodePurpose::verify_email, verification_for(user->email, errand->services().settings));
    errand->answer(json_response("{}", 202));
  });
}

/// Answered before anything is looked up, so that neither words nor time tell whether there is such an account.
void forgot_password(Services& services, const ExchangePtr& exchange) {
  const auto email = read_one_word(exchange->request.body, "email");
  if (!email)
    return refuse(exchange, email.error());
  const bool is_taken = services.engine.query(
      [email = *email, &settings = services.settings](Reader& reader) {
        IdentityStore store(reader);
        if (const auto user = store.user_by_email(email))
          store.add_code(user->id, CodePurpose::reset_password, password_reset_for(user->email, settings));
      },
      [](const std::string&) {});
  if (!is_taken)
    return refuse(exchange, {.code = "overloaded"});
  exchange->answer(json_response("{}", 202));
}

void reset_password(Services& services, const ExchangePtr& exchange) {
  auto body = read_password_reset(exchange->request.body);
  if (!body)
    return refuse(exchange, body.error());
  const auto errand = Errand::begin(services, exchange);
  const auto reset = std::make_shared<PasswordReset>(std::move(*body));
  errand->hash([errand, reset] {
    errand->query([errand, hash = sha256(reset->token), password = hash_password(reset->password)](Reader& reader) {
      const Letter told = password_changed(wall_clock_ms(), errand->services().settings.link_base);
      const auto changed = IdentityStore(reader).reset_password(hash, password, told);
      if (!changed)
        return errand->refuse({.code = "invalid_code"});
      revoke_here(errand->services(), {.news = {.sessions = {}, .users = {*changed}, .now_ms = 0}});
      errand->answer(json_response("{}"));
    });
  });
}

void show_keys(Services& services, const ExchangePtr& exchange) {
  HttpResponse response = json_response(services.access.keys()->jwks());
  std::string caching = "public, max-age=";
  response.headers.emplace_back("Cache-Control", caching.append(std::to_string(jwks_may_be_kept.count())));
  exchange->answer(std::move(response));
}

}  // namespace dompet::http::routes
