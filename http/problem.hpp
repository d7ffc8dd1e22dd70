#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/decline.hpp"
#include "domain/ids.hpp"
#include "http/exchange.hpp"

namespace dompet::http {

/// A row of the one table of everything that can go wrong. The code is for programs and never changes its meaning.
struct ProblemType {
  std::string_view code;
  int status;
  std::string_view title;
  /// The same request, with the same key, may succeed later.
  bool retryable;
  /// What it means and what to do, for the page at /problems/<code>.
  std::string_view explanation;
};

std::span<const ProblemType> problem_types();
/// Throws Bug for a code that is not in the table.
const ProblemType& problem_type(std::string_view code);
const ProblemType* find_problem_type(std::string_view code);

/// A member of the request's body or a parameter that is not as it must be.
struct FieldError {
  std::string field;
  std::string_view code;
  std::string detail;
};

/// Whether a money request that is answered 503 was carried out.
enum class Applied : std::uint8_t { no, unknown };

/// One occurrence of a problem. What is empty is left out.
struct Problem {
  std::string_view code;
  std::string detail{};
  std::vector<FieldError> errors{};
  std::optional<Applied> applied{};
  std::optional<TransactionId> transaction{};
  /// Seconds; sent as Retry-After.
  int retry_after_s = 0;
  /// Of a 405: the methods that there are.
  std::string allow{};
  /// Of a 429: how many requests a client may have under way; sent as RateLimit headers.
  std::size_t quota = 0;
};

/// The problem of a request whose fields are wrong: its code is that of the first of `errors`.
Problem invalid(std::vector<FieldError> errors);

/// What a wallet's refusal is to a client; with the transaction when it is on record.
Problem declined(Decline decline, std::optional<TransactionId> transaction = {});

/// The RFC 9457 document. Of a problem with a transaction it depends on the transaction alone, because it is answered
/// byte for byte again when the request is repeated: `instance` and `request_id` then name the transaction.
std::string document(const Problem& problem, std::string_view instance, std::string_view request_id);

HttpResponse respond(const Problem& problem, const HttpRequest& request);

/// The page at /problems/<code>.
std::string explain_as_html(const ProblemType& type);
std::string explain_as_json(const ProblemType& type);

}  // namespace dompet::http
