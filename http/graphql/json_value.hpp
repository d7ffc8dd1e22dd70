#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "graphql/fault.hpp"
#include "graphql/schema.hpp"
#include "graphql/value.hpp"
#include "http/exchange.hpp"
#include "http/json.hpp"

namespace dompet::http {

// Between JSON as the routes speak it and values as GraphQL has them. Names are snake_case on one side and camelCase on
// the other; a member is looked up by its snake_case name when it is asked for, so that trees need not be renamed.

graphql::Value value_of(const JsonValue& json);

/// `walletId` is `wallet_id`.
std::string snake_case(std::string_view name);

/// A number or a text of digits as a text that the routes take for an amount: without an exponent, without zeros behind
/// the point that say nothing. What is no number stays what it is.
std::string plain_decimal(std::string_view digits);

/// An argument as the routes want it: members of input types by their snake_case names, decimals as texts. What was not
/// given is not there.
graphql::Value body_of(const graphql::Schema& schema, const graphql::Value& value, const graphql::TypeReference& type);

/// A part of a path or a query, percent-encoded: it cannot become another path.
std::string percent_encoded(std::string_view text);

/// What a route answered: its JSON, or the problem as a fault with `code`, `status` and whatever else the document has.
std::expected<graphql::Value, graphql::Fault> value_of(const HttpResponse& response);

}  // namespace dompet::http
