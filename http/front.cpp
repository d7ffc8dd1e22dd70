#include "http/front.hpp"

#include <cstdio>
#include <utility>

#include "config/logging.hpp"
#include "http/access/access.hpp"
#include "http/access/identity.hpp"
#include "http/access/quota.hpp"
#include "http/answers.hpp"
#include "http/audit_queue.hpp"
#include "http/card_guesses.hpp"
#include "http/cross_origin.hpp"
#include "http/directory.hpp"
#include "http/event_feed.hpp"
#include "http/graphql/schema.hpp"
#include "http/inner_door.hpp"
#include "http/payment_memory.hpp"
#include "http/router.hpp"
#include "http/saga_feed.hpp"
#include "http/saga_jobs.hpp"
#include "http/server.hpp"
#include "http/staff_record.hpp"
#include "http/trace_context.hpp"
#include "providers/marketplace_lookups.hpp"

namespace dompet::http {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t longest_request_id = 128;

bool is_fit_to_repeat(std::string_view request_id) {
  if (request_id.empty() || request_id.size() > longest_request_id)
    return false;
  for (const char letter : request_id)
    if (letter <= 0x20 || letter > 0x7E)
      return false;
  return true;
}

bool is_json(std::string_view content_type) {
  constexpr std::string_view json = "application/json";
  const std::string_view media_type = content_type.substr(0, content_type.find_first_of("; \t"));
  if (media_type.size() != json.size())
    return false;
  for (std::size_t i = 0; i < json.size(); ++i)
    if ((media_type[i] | 0x20) != (json[i] | 0x20))
      return false;
  return true;
}

std::size_t body_limit(const Settings& settings, const Route* route) {
  return route != nullptr && route->body == Body::bulk_json ? settings.bulk_body_bytes : settings.body_bytes;
}

}  // namespace

class HttpFront::Parts final : public Application {
 public:
  Parts(Settings wanted, const Neighbours& others)
      : settings_(numeric(std::move(wanted))), ask_(others.ask), engine_(others.engine), identity_(others.identity),
        admission_(settings_, engine_, ask_), access_(settings_.identity),
        of_client_(static_cast<double>(settings_.rate_per_client), settings_.rate_burst),
        of_strangers_(static_cast<double>(settings_.rate_per_address), settings_.rate_per_address * 5),
        of_logins_(static_cast<double>(settings_.auth_per_minute) / 60, settings_.auth_per_minute),
        services_{settings_,
                  ask_,
                  engine_,
                  admission_,
                  metrics_,
                  ids_,
                  saga_jobs_,
                  saga_feed_,
                  access_,
                  identity_,
                  payments_,
                  card_guesses_,
                  directory_,
                  audit_,
                  marketplaces_,
                  va_guesses_,
                  others.rates,
                  others.exchange,
                  event_feed_,
                  others.runners,
                  others.mails,
                  others.webhooks,
                  others.marketplaces,
                  door_,
                  graphql_},
        router_(all_routes()), server_(settings_, *this) {
    access_.update(identity_.first_news());
  }

  void start() {
    ask_.open(engine_, [this] { server_.post([this] { ask_.drain(); }); });
    identity_.start([this](AccessUpdate update) {
      ask_.post([this, update = std::move(update)] {
        access_.update(update);
        directory_.hear(update.said);
        if (update.is_new)
          directory_.forget_all();
      });
    });
    server_.start();
  }

  void stop() {
    server_.stop();
    audit_.finish();
    identity_.stop();
    ask_.close();
  }

  std::uint16_t port() const { return server_.port(); }

  void serve(const ExchangePtr& exchange) override {
    identify(exchange->request);
    Found found = router_.find(exchange->request.method, exchange->request.path);
    exchange->route = found.route;
    exchange->captures = found.captures;
    allow_origin(settings_.cors_origins, *exchange);
    // What needs a right is for who asked alone, whatever caches stand between.
    if (found.route != nullptr && !found.route->permission.empty())
      exchange->headers.emplace_back("Cache-Control", "no-store");
    if (const auto api_key = api_key_of(*exchange))
      return serve_merchant(exchange, *api_key);
    serve_known(exchange, found.allow);
  }

  void finished(const Exchange& exchange, int status) override {
    if (exchange.admitted)
      admission_.leave(exchange.request.client);
    const std::chrono::duration<double> took = steady_clock::now() - exchange.since;
    metrics_.count(exchange, status, took.count());
    record_staff_write(services_, exchange, status);
    door_.forget(exchange.request);
    forget_changed(exchange, status);
    if (is_worth_a_line(status, took))
      log(exchange, status, took.count());
  }

  HttpResponse overdue(const Exchange& exchange) override {
    const bool is_write =
        (exchange.route != nullptr && exchange.route->load == Load::write) || door_.has_sent_write(exchange.request);
    Problem problem{.code = is_write ? "outcome_unknown" : "unavailable", .detail = "The answer took too long."};
    if (is_write)
      problem.applied = Applied::unknown;
    return respond(problem, exchange.request);
  }

  HttpResponse failure(const Exchange& exchange, const char* reason) override {
    log_event(LogLevel::error, "a request failed",
              {{"request_id", exchange.request.request_id}, {"path", exchange.request.path}, {"reason", reason}});
    return respond({.code = "internal_error"}, exchange.request);
  }

  void tick(steady_clock::time_point now) override {
    ask_.tick(now);
    saga_jobs_.tick(services_, now);
    saga_feed_.tick(services_, now);
    event_feed_.tick(services_, now);
    audit_.tick();
    door_.tick(now, settings_.request_deadline);
  }

 private:
  /// What a merchant's servers show, on a route that asks for anything.
  static std::optional<std::string_view> api_key_of(const Exchange& exchange) {
    if (exchange.route == nullptr || exchange.route->permission.empty() || exchange.request.header("Authorization"))
      return std::nullopt;
    return exchange.request.header("X-Api-Key");
  }

  /// What this node changed itself it does not wait to be told: whoever has the answer may count on it.
  void forget_changed(const Exchange& exchange, int status) {
    if (exchange.route == nullptr || exchange.route->method == Method::get || status >= 300)
      return;
    for (const std::string_view thing : {"merchant", "card", "user"})
      if (exchange.route->path.starts_with("/v1/" + std::string{thing} + "s/{id}"))
        directory_.hear({std::string{thing} + ":" + std::string{exchange.captures[0]}});
  }

  /// At once when the key is known, otherwise when the database has said whose it is. Until then he is a stranger, and
  /// strangers' questions to the database are few.
  void serve_merchant(const ExchangePtr& exchange, std::string_view api_key) {
    const bool is_known = directory_.knows_key(api_key);
    if (!is_known)
      if (const auto problem = over_quota(of_strangers_, exchange->request.client, *exchange))
        return refuse(exchange, *problem);
    directory_.key(services_, exchange, api_key, [this, exchange, is_known](const Looked<KeyFacts>& looked) {
      if (!looked)
        return refuse(exchange, looked.error());
      if (!*looked || (*looked)->is_expired(wall_clock_ms())) {
        const auto problem = is_known ? over_quota(of_strangers_, exchange->request.client, *exchange) : std::nullopt;
        return refuse(exchange, problem.value_or(Problem{.code = "invalid_api_key"}));
      }
      exchange->caller = (*looked)->caller;
      if (!is_known)
        of_strangers_.give_back(exchange->request.client);
      forget_quota(*exchange);
      serve_known(exchange, {});
    });
  }

  /// What was said of another quota than the one that counts.
  static void forget_quota(Exchange& exchange) {
    std::erase_if(exchange.headers, [](const auto& field) { return field.first.starts_with("RateLimit"); });
  }

  void serve_known(const ExchangePtr& exchange, const std::string& allow) {
    if (const auto problem = refusal(*exchange, allow))
      return refuse(exchange, *problem);
    if (exchange->route == nullptr)
      return exchange->answer(options(*exchange, allow));
    exchange->route->serve(services_, exchange);
  }

  static Settings numeric(Settings settings) {
    if (settings.address == "localhost")
      settings.address = "127.0.0.1";
    return settings;
  }

  void identify(HttpRequest& request) {
    request.id = ids_.next();
    const auto sent = request.header("X-Request-Id");
    request.request_id = sent && is_fit_to_repeat(*sent) ? std::string{*sent} : to_string(request.id);
    if (!settings_.trusted_proxies.empty())
      request.client = client_behind(settings_.trusted_proxies, request);
  }

  /// Everything that keeps a request out, cheapest first; all of it before the body is looked into.
  std::optional<Problem> refusal(Exchange& exchange, const std::string& allow) {
    const HttpRequest& request = exchange.request;
    const Route* route = exchange.route;
    if (request.header_bytes > settings_.header_bytes)
      return Problem{.code = "header_too_large"};
    if (request.body.size() > body_limit(settings_, route))
      return Problem{.code = "body_too_large"};
    if (route == nullptr)
      return no_route(request, allow);
    if (auto problem = stranger(exchange))
      return problem;
    if (const auto shed = admission_.enter(route->load, request.client)) {
      metrics_.count(*shed);
      return turned_away(exchange, *shed);
    }
    exchange.admitted = route->load != Load::none;
    if (route->body != Body::none && !request.body.empty() && !is_json(request.header("Content-Type").value_or("")))
      return Problem{.code = "unsupported_media_type"};
    if (route->needs_key && !request.header("Idempotency-Key"))
      return Problem{.code = "idempotency_key_required"};
    return std::nullopt;
  }

  /// Who sends it, whether he may, and whether he sends too much.
  std::optional<Problem> stranger(Exchange& exchange) {
    const Route& route = *exchange.route;
    const std::string& address = exchange.request.client;
    if (route.is_for_anyone)
      return anyone(exchange);
    if (route.permission.empty()) {
      const bool is_login = route.load != Load::none && !route.is_signed;
      return is_login ? over_quota(of_logins_, address, exchange) : std::nullopt;
    }
    if (exchange.caller.kind == Caller::Kind::nobody) {
      auto caller = access_.authenticate(exchange.request);
      if (!caller) {
        if (auto problem = over_quota(of_strangers_, address, exchange))
          return problem;
        return caller.error();
      }
      exchange.caller = std::move(*caller);
    }
    if (auto problem = over_quota(of_client_, exchange.caller.client(), exchange))
      return problem;
    exchange.grant = access_.decide(exchange.caller, route);
    if (exchange.grant == Grant::none)
      return Problem{.code = "forbidden", .detail = "It needs the permission " + std::string{route.permission} + "."};
    return std::nullopt;
  }

  /// He may have no name; but a wrong one he may not have.
  std::optional<Problem> anyone(Exchange& exchange) {
    const bool has_name = exchange.request.header("Authorization").has_value();
    auto caller = has_name ? access_.authenticate(exchange.request) : std::expected<Caller, Problem>{};
    if (has_name && caller) {
      exchange.caller = std::move(*caller);
      return over_quota(of_client_, exchange.caller.client(), exchange);
    }
    const auto api_key = exchange.request.header("X-Api-Key");
    const KeyFacts* facts = !has_name && api_key ? directory_.known_key(*api_key) : nullptr;
    if (facts != nullptr && !facts->is_expired(wall_clock_ms()))
      return over_quota(of_client_, facts->caller.client(), exchange);
    if (auto problem = over_quota(of_strangers_, exchange.request.client, exchange))
      return problem;
    return caller ? std::nullopt : std::optional{std::move(caller.error())};
  }

  static std::optional<Problem> over_quota(Quota& quota, const std::string& client, Exchange& exchange) {
    if (!quota.is_on())
      return std::nullopt;
    const Quota::Verdict verdict = quota.take(client, exchange.since);
    exchange.headers.emplace_back("RateLimit-Limit", std::to_string(verdict.limit));
    exchange.headers.emplace_back("RateLimit-Remaining", std::to_string(verdict.remaining));
    exchange.headers.emplace_back("RateLimit-Reset", std::to_string(verdict.reset_s));
    if (verdict.allowed)
      return std::nullopt;
    return Problem{.code = "rate_limited", .retry_after_s = verdict.reset_s};
  }

  /// Nothing was done for this request; but an equal one with its key may be under way.
  Problem turned_away(Exchange& exchange, Shed shed) const {
    const Route& route = *exchange.route;
    Problem problem{.code = code(shed)};
    if (shed == Shed::too_many_requests) {
      problem.quota = settings_.max_in_flight_per_client;
      forget_quota(exchange);
    }
    if (route.load == Load::write) {
      const auto key = route.needs_key ? key_of(exchange) : std::nullopt;
      problem.applied = key && ask_.is_running(*key) ? Applied::unknown : Applied::no;
    }
    return problem;
  }

  static std::optional<Problem> no_route(const HttpRequest& request, const std::string& allow) {
    if (allow.empty())
      return Problem{.code = "not_found"};
    if (request.method == Method::options)
      return std::nullopt;
    return Problem{.code = "method_not_allowed", .allow = allow};
  }

  bool is_worth_a_line(int status, std::chrono::duration<double> took) const {
    if (settings_.access_log == AccessLog::off)
      return false;
    return settings_.access_log == AccessLog::all || status >= 500 || took > settings_.slow_request;
  }

  static void log(const Exchange& exchange, int status, double seconds) {
    const HttpRequest& request = exchange.request;
    const std::string_view sent = request.header("traceparent").value_or("");
    const std::string_view trace = is_traceparent(sent) ? sent : std::string_view{};
    log_event(LogLevel::info, "request",
              {{"request_id", request.request_id},
               {"method", name_of(request.method)},
               {"route", exchange.route == nullptr ? std::string_view{"unknown"} : exchange.route->path},
               {"status", status},
               {"duration_ms", seconds * 1e3},
               {"client", request.client},
               {"traceparent", trace}});
  }

  const Settings settings_;
  Ask& ask_;
  Engine& engine_;
  Identity& identity_;
  Directory directory_;
  Admission admission_;
  Access access_;
  Quota of_client_;
  Quota of_strangers_;
  Quota of_logins_;
  Metrics metrics_;
  IdSource ids_;
  SagaJobs saga_jobs_;
  SagaFeed saga_feed_;
  EventFeed event_feed_;
  PaymentMemory payments_{settings_.remembered_payments};
  CardGuesses card_guesses_{};
  AuditQueue audit_{engine_};
  MarketplaceLookups marketplaces_{settings_.marketplaces};
  VaGuesses va_guesses_{};
  InnerDoor door_{*this};
  const GraphqlSchema graphql_{};
  Services services_;
  Router router_;
  HttpServer server_;
};

HttpFront::HttpFront(Settings settings, const Neighbours& others)
    : parts_(std::make_unique<Parts>(std::move(settings), others)) {}

HttpFront::~HttpFront() { parts_->stop(); }

void HttpFront::start() { parts_->start(); }

void HttpFront::stop() { parts_->stop(); }

std::uint16_t HttpFront::port() const { return parts_->port(); }

void print_routes() {
  for (const Route& route : all_routes())
    std::printf("%s %s %s\n", std::string{name_of(route.method)}.c_str(), std::string{route.path}.c_str(),
                route.permission.empty() ? "-" : std::string{route.permission}.c_str());
}

}  // namespace dompet::http
