#include "http/inner_door.hpp"

#include <exception>
#include <utility>
#include <vector>

#include "http/router.hpp"

namespace dompet::http {

namespace {

/// What the views of an inner request look at.
struct Letter {
  InnerRequest request;
  std::string authorization{};
  std::string api_key{};
  std::string request_id{};
  std::string traceparent{};
};

void read_letter(const Letter& letter, const HttpRequest& outer, HttpRequest& request) {
  request.method = letter.request.method;
  request.path = letter.request.path;
  request.query = letter.request.query;
  request.body = letter.request.body;
  request.client = outer.client;
  const auto add = [&request](std::string_view name, const std::string& value) {
    if (!value.empty())
      request.headers.emplace_back(name, value);
  };
  add("Authorization", letter.authorization);
  add("X-Api-Key", letter.api_key);
  add("X-Request-Id", letter.request_id);
  add("traceparent", letter.traceparent);
  add("Idempotency-Key", letter.request.key);
  if (!letter.request.body.empty())
    request.headers.emplace_back("Content-Type", "application/json");
  request.header_bytes = letter.request.path.size() + letter.request.query.size();
  for (const auto& [name, value] : request.headers)
    request.header_bytes += name.size() + value.size() + 4;
}

}  // namespace

void InnerDoor::send(const HttpRequest& outer, InnerRequest request, Done done) {
  const auto letter = std::make_shared<Letter>(Letter{.request = std::move(request)});
  const auto copied = [&outer](std::string_view name) { return std::string{outer.header(name).value_or("")}; };
  letter->authorization =
      letter->request.authorization.empty() ? copied("Authorization") : std::move(letter->request.authorization);
  letter->api_key = copied("X-Api-Key");
  letter->request_id = outer.request_id;
  letter->traceparent = copied("traceparent");
  const std::uint64_t serial = ++last_serial_;
  const auto exchange = std::make_shared<Exchange>(static_cast<Outlet&>(*this), serial, letter);
  open_.emplace(serial, Waiting{exchange, std::move(done)});
  read_letter(*letter, outer, exchange->request);
  try {
    application_.serve(exchange);
    // What was answered at once has nothing unknown about it.
    if (open_.contains(serial) && exchange->route != nullptr && exchange->route->load == Load::write)
      wrote_.insert(outer.id);
  } catch (const std::exception& error) {
    exchange->answer(application_.failure(*exchange, error.what()));
  }
}

void InnerDoor::send(Exchange& exchange, HttpResponse response) {
  auto found = open_.extract(exchange.serial);
  application_.finished(exchange, response.status);
  if (!found.empty())
    found.mapped().done(std::move(response));
}

std::shared_ptr<Stream> InnerDoor::open_stream(Exchange& exchange, HttpResponse) {
  send(exchange, application_.failure(exchange, "a stream cannot be answered inside another request"));
  return nullptr;
}

void InnerDoor::tick(std::chrono::steady_clock::time_point now, std::chrono::milliseconds deadline) {
  // In the order of their coming; an answer may bring new ones, which are none of these.
  std::vector<ExchangePtr> late;
  for (const auto& [serial, waiting] : open_) {
    if (now - waiting.exchange->since < deadline)
      break;
    late.push_back(waiting.exchange);
  }
  for (const ExchangePtr& exchange : late)
    exchange->answer(application_.overdue(*exchange));
}

}  // namespace dompet::http
