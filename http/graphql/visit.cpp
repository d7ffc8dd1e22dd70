#include "http/graphql/visit.hpp"

#include <utility>

#include "http/body.hpp"
#include "http/graphql/fields.hpp"
#include "http/graphql/json_value.hpp"
#include "http/graphql/rules.hpp"
#include "http/graphql/schema.hpp"
#include "persistence/vault.hpp"

namespace dompet::http {

using graphql::Resolved;
using graphql::Value;

namespace {

/// What the routes take.
constexpr std::size_t longest_idempotency_key = 128;

}  // namespace

const Value* Asked::find(std::string_view argument) const {
  const Value* given = arguments.find(argument);
  return given == nullptr || given->is_null() ? nullptr : given;
}

std::string Asked::text(std::string_view argument) const {
  const Value* given = find(argument);
  return given == nullptr ? std::string{} : given->text;
}

Visit::Visit(Services& services, const ExchangePtr& exchange, std::string_view media_type)
    : services_(services), exchange_(exchange), media_type_(media_type) {}

void Visit::begin(const graphql::Prepared& prepared) {
  graphql::execute(schema(), prepared, rules_of(services_.settings.graphql).limits, *this,
                   [self = shared_from_this()](const graphql::Answer& answer) {
                     self->exchange_->answer({.content_type = self->media_type_, .body = graphql::json_of(answer)});
                   });
}

const graphql::Schema& Visit::schema() const { return services_.graphql.schema(); }

std::optional<graphql::Fault> Visit::over() const {
  if (exchange_->is_answered())
    return graphql::fault("unavailable", "The answer took too long.");
  if (bytes_ > services_.settings.graphql.max_exchanged_bytes)
    return graphql::fault("answer_too_large", "The requests of the document hold too much. Ask for less at a time.");
  return std::nullopt;
}

void Visit::ask(InnerRequest request, Told told) {
  if (request.path.size() + request.query.size() > services_.settings.header_bytes)
    return told(std::unexpected(graphql::fault("header_too_large", "The arguments are too long for a request.")));
  if (request.method != Method::get || !request.authorization.empty()) {
    // What is read from now on may be different.
    readings_.clear();
    return enqueue(std::move(request), std::move(told));
  }
  auto& reading = readings_[request.path + '?' + request.query];
  if (reading != nullptr) {
    if (reading->known)
      return told(*reading->known);
    reading->waiting.push_back(std::move(told));
    return;
  }
  reading = std::make_shared<Reading>();
  reading->waiting.push_back(std::move(told));
  enqueue(std::move(request), [reading](Resolved value) {
    reading->known = std::move(value);
    for (const Told& one : std::exchange(reading->waiting, {}))
      one(*reading->known);
  });
}

void Visit::get(std::string path, Told told) {
  const std::size_t mark = path.find('?');
  std::string query = mark == path.npos ? std::string{} : path.substr(mark + 1);
  path.resize(std::min(mark, path.size()));
  ask({.method = Method::get, .path = std::move(path), .query = std::move(query)}, std::move(told));
}

void Visit::post(std::string path, Value body, std::string key, Told told) {
  std::string text;
  graphql::append_json(text, body.is_null() ? Value::of_object() : body);
  ask({.method = Method::post, .path = std::move(path), .query = {}, .body = std::move(text), .key = std::move(key)},
      std::move(told));
}

void Visit::enqueue(InnerRequest request, Told told) {
  bytes_ += request.path.size() + request.query.size() + request.body.size() + request.key.size();
  const auto kept = std::make_shared<InnerRequest>(std::move(request));
  waiting_.push_back([self = shared_from_this(), kept, told = std::move(told)] {
    if (auto why = self->over()) {
      --self->under_way_;
      return told(std::unexpected(*std::move(why)));
    }
    self->services_.door.send(self->exchange_->request, std::move(*kept), [self, told](const HttpResponse& response) {
      --self->under_way_;
      self->bytes_ += response.body.size();
      told(value_of(response));
      self->start_waiting();
    });
  });
  start_waiting();
}

/// Whatever is answered at once comes back here while it is at work: it goes on by itself.
void Visit::start_waiting() {
  if (std::exchange(is_starting_, true))
    return;
  while (!waiting_.empty() && under_way_ < services_.settings.graphql.requests_at_once) {
    ++under_way_;
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    next();
  }
  is_starting_ = false;
}

std::string Visit::key_of(const Asked& asked, std::string_view part) const {
  std::string key = asked.text("idempotencyKey");
  if (const Value* input = asked.find("input"); key.empty() && input != nullptr)
    if (const Value* given = input->find("idempotencyKey"); given != nullptr && !given->is_null())
      key = given->text;
  if (key.empty()) {
    const auto header = exchange_->request.header("Idempotency-Key");
    const auto given = header ? read_idempotency_key(*header) : std::nullopt;
    if (!given)
      return header ? std::string{*header} : std::string{};
    key = *given + ':' + asked.place;
  } else if (part.empty() || key.size() > longest_idempotency_key) {
    return key;
  }
  if (!part.empty())
    (key += ':').append(part);
  return key.size() > longest_idempotency_key ? base64url(sha256(key)) : key;
}

std::string Visit::caller_id() const {
  const Caller& caller = exchange_->caller;
  return caller.kind == Caller::Kind::user && !caller.user.is_nil() ? to_string(caller.user) : std::string{};
}

void Visit::resolve(const graphql::FieldCall& call, graphql::Answered done) {
  const FieldRow* row = services_.graphql.row(call.field);
  if (exchange_->is_answered())
    return done(std::unexpected(*over()));
  if (row == nullptr || row->how == FieldRow::How::member) {
    done(member_of(call.source, row == nullptr ? snake_case(call.field.name) : std::string{row->target}));
  } else if (row->how == FieldRow::How::made) {
    done(row->make(call.source));
  } else {
    Asked asked{&call.field, call.source, call.arguments, graphql::text_of(graphql::path_of(&call.place))};
    serve(*row, shared_from_this(), std::make_shared<const Asked>(std::move(asked)), std::move(done));
  }
}

std::string Visit::type_of(const graphql::TypeDefinition&, const Value& value) {
  const Value* name = value.find("__typename");
  return name == nullptr ? std::string{} : name->text;
}

}  // namespace dompet::http
