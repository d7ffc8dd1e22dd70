#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "graphql/request.hpp"
#include "http/exchange.hpp"
#include "http/inner_door.hpp"
#include "http/services.hpp"

namespace dompet::http {

/// A field that asks routes, with copies of what is known of it: it lives until its answer is there.
struct Asked {
  const graphql::FieldDefinition* field = nullptr;
  graphql::Value source{};
  graphql::Value arguments{};
  /// Where its answer stands, `first.0.node`: what its idempotency key is made of when none is given.
  std::string place{};

  /// A given argument; a null was not given.
  const graphql::Value* find(std::string_view argument) const;
  /// The text of an argument, its digits, or nothing.
  std::string text(std::string_view argument) const;
};

/// One document that is carried out in its sender's name: the resolver of its fields. What a field asks goes through
/// the inner door, `requests_at_once` at a time; equal reads of one document are asked once until it changes something.
/// Once the exchange was answered, which the server does at the deadline, nothing more is asked. Io thread only; alive
/// for as long as something is under way.
class Visit final : public graphql::Resolver, public std::enable_shared_from_this<Visit> {
 public:
  Visit(Services& services, const ExchangePtr& exchange, std::string_view media_type);

  /// Answers the exchange when all fields are answered.
  void begin(const graphql::Prepared& prepared);

  using Told = std::function<void(graphql::Resolved)>;
  /// Sends a request and tells its answer's JSON, or its problem. One with a longer target than the server would read
  /// is refused here.
  void ask(InnerRequest request, Told told);
  void get(std::string path, Told told);
  void post(std::string path, graphql::Value body, std::string key, Told told);

  /// For a field that moves money: its argument idempotencyKey, or the request's header and the field's place; empty
  /// when there is neither, which the route refuses. `part` keeps several requests of one field apart. A key that
  /// becomes too long for the routes by place or part is the SHA-256 of what it would be.
  std::string key_of(const Asked& asked, std::string_view part = {}) const;

  /// Who sends the document, if he said so by a token; empty otherwise.
  std::string caller_id() const;
  bool has_authorization() const { return exchange_->request.header("Authorization").has_value(); }
  const graphql::Schema& schema() const;

  void resolve(const graphql::FieldCall& call, graphql::Answered done) override;
  std::string type_of(const graphql::TypeDefinition& abstract, const graphql::Value& value) override;

 private:
  struct Reading {
    std::optional<graphql::Resolved> known{};
    std::vector<Told> waiting{};
  };

  void enqueue(InnerRequest request, Told told);
  void start_waiting();
  /// Why nothing more can be asked.
  std::optional<graphql::Fault> over() const;

  Services& services_;
  const ExchangePtr exchange_;
  const std::string_view media_type_;
  std::unordered_map<std::string, std::shared_ptr<Reading>> readings_{};
  std::deque<std::function<void()>> waiting_{};
  std::size_t under_way_ = 0;
  /// Sent and answered so far, by all requests.
  std::size_t bytes_ = 0;
  bool is_starting_ = false;
};

using VisitPtr = std::shared_ptr<Visit>;

}  // namespace dompet::http
