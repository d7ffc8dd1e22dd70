#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graphql/limits.hpp"
#include "graphql/schema.hpp"

namespace dompet::graphql {

/// A place in the answer, and how it was come to.
struct Place {
  std::shared_ptr<const Place> before{};
  Step step{};
};
Path path_of(const Place* place);

/// A field whose value is wanted. The references hold until `resolve` returns; what is needed longer must be copied.
struct FieldCall {
  /// The object that the field is of: its type and what its own resolver gave.
  const TypeDefinition& parent;
  const FieldDefinition& field;
  const Value& source;
  /// Coerced, an object; what was not given and has no default is not in it.
  const Value& arguments;
  const Place& place;
};

using Resolved = std::expected<Value, Fault>;
using Answered = std::function<void(Resolved)>;

/// Who knows the values of fields: the other side of the execution.
class Resolver {
 public:
  virtual ~Resolver() = default;

  /// Calls `done` exactly once, now or later, on the thread of the execution. A fault of it may lack places and path.
  /// An object's value is an object, or anything else that `resolve` understands as a source.
  virtual void resolve(const FieldCall& call, Answered done) = 0;
  /// Which object a value of an interface or a union is.
  virtual std::string type_of(const TypeDefinition& abstract, const Value& value) = 0;
};

/// An operation that may be carried out: valid, within its limits, with its variables.
struct Prepared {
  std::shared_ptr<const Document> document{};
  const Operation* operation = nullptr;
  Value variables{};
};

struct Answer {
  /// Null when something failed that must not be null.
  Value data{};
  std::vector<Fault> faults{};
};

/// Carries an operation out (section 6 of the specification): the fields of a query together, those at the root of a
/// mutation one after another. Everything is called on one thread, which is the caller's and the resolver's; `done`
/// once, when all fields are answered. Schema and resolver must outlive that. An answer of more than `limits.values`
/// values becomes null, with a fault that says so.
void execute(const Schema& schema, const Prepared& prepared, const Limits& limits, Resolver& resolver,
             std::function<void(Answer)> done);

}  // namespace dompet::graphql
