#include "http/problem.hpp"

#include <utility>

#include "http/json.hpp"

namespace dompet::http {

namespace {

constexpr int retry_after_default_s = 1;

std::string_view name_of(Applied applied) { return applied == Applied::no ? "no" : "unknown"; }

void append_errors(JsonWriter& json, const std::vector<FieldError>& errors) {
  json.key("errors").begin_array();
  for (const FieldError& error : errors)
    json.begin_object()
        .member("field", error.field)
        .member("code", error.code)
        .member("detail", error.detail)
        .end_object();
  json.end_array();
}

void append_html(std::string& page, std::string_view text) {
  for (char letter : text)
    letter == '<' ? page += "&lt;" : letter == '&' ? page += "&amp;" : page += letter;
}

/// A path may hold any byte; the document only harmless ones.
std::string printable(std::string_view path) {
  std::string text{path};
  for (char& letter : text)
    if (letter < 0x20 || letter > 0x7E)
      letter = '?';
  return text;
}

std::string_view detail_of(const Problem& problem, const ProblemType& type) {
  return problem.detail.empty() ? type.explanation : std::string_view{problem.detail};
}

}  // namespace

Problem invalid(std::vector<FieldError> errors) {
  const std::string_view code = errors.front().code;
  std::string detail = errors.front().field + ": " + errors.front().detail;
  return {.code = code, .detail = std::move(detail), .errors = std::move(errors)};
}

Problem declined(Decline decline, std::optional<TransactionId> transaction) {
  return {.code = code(decline), .detail = std::string{sentence(decline)}, .transaction = transaction};
}

std::string document(const Problem& problem, std::string_view instance, std::string_view request_id) {
  const ProblemType& type = problem_type(problem.code);
  const std::string transaction = problem.transaction ? to_string(*problem.transaction) : std::string{};
  const std::string transaction_path = "/v1/transactions/" + transaction;
  std::string text;
  text.reserve(384);
  JsonWriter json(text);
  json.begin_object();
  json.key("type").text("/problems/" + std::string{type.code});
  json.member("title", type.title);
  json.key("status").number(type.status);
  json.member("detail", detail_of(problem, type));
  json.member("instance", problem.transaction ? std::string_view{transaction_path} : instance);
  json.member("code", type.code);
  json.member("request_id", problem.transaction ? std::string_view{transaction} : request_id);
  json.key("retryable").truth(type.retryable);
  if (!problem.errors.empty())
    append_errors(json, problem.errors);
  if (problem.applied)
    json.member("applied", name_of(*problem.applied));
  if (problem.transaction)
    json.member("transaction_id", transaction);
  json.end_object();
  return text;
}

HttpResponse respond(const Problem& problem, const HttpRequest& request) {
  const ProblemType& type = problem_type(problem.code);
  HttpResponse response{.status = type.status, .content_type = "application/problem+json"};
  response.body = document(problem, printable(request.path), request.request_id);
  const bool says_when = type.retryable && type.status != 500;
  const int retry_after_s = problem.retry_after_s > 0 ? problem.retry_after_s : says_when ? retry_after_default_s : 0;
  if (retry_after_s > 0)
    response.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
  if (type.status == 401)
    response.headers.emplace_back("WWW-Authenticate", problem.code == "invalid_token"
                                                          ? R"(Bearer realm="dompet", error="invalid_token")"
                                                          : R"(Bearer realm="dompet")");
  if (!problem.allow.empty())
    response.headers.emplace_back("Allow", problem.allow);
  if (problem.quota > 0) {
    response.headers.emplace_back("RateLimit-Limit", std::to_string(problem.quota));
    response.headers.emplace_back("RateLimit-Remaining", "0");
    response.headers.emplace_back("RateLimit-Reset", std::to_string(retry_after_s));
  }
  return response;
}

std::string explain_as_html(const ProblemType& type) {
  std::string page = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>";
  page.append(type.code).append("</title></head>\n<body><h1>").append(type.title).append("</h1>\n<p>");
  append_html(page, type.explanation);
  page.append("</p>\n<dl><dt>code</dt><dd><code>").append(type.code).append("</code></dd>");
  page.append("<dt>status</dt><dd>").append(std::to_string(type.status)).append("</dd>");
  page.append("<dt>retryable</dt><dd>").append(type.retryable ? "yes" : "no").append("</dd></dl>\n");
  page.append("<p><a href=\"/docs\">The whole API</a></p></body></html>\n");
  return page;
}

std::string explain_as_json(const ProblemType& type) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("type").text("/problems/" + std::string{type.code});
  json.member("code", type.code).member("title", type.title);
  json.key("status").number(type.status);
  json.key("retryable").truth(type.retryable);
  json.member("explanation", type.explanation).end_object();
  return text;
}

}  // namespace dompet::http
