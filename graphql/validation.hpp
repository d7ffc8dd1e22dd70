#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graphql/schema.hpp"

namespace dompet::graphql {

// What the rules of section 5 share; for validate*.cpp alone.

class Validation {
 public:
  Validation(const Schema& wanted, const Document& given);

  const Schema& schema;
  const Document& document;

  void refuse(std::string message, std::initializer_list<std::size_t> places);
  bool is_full() const { return faults_.size() >= most_faults; }
  bool has_faults() const { return !faults_.empty(); }
  std::vector<Fault> take() { return std::move(faults_); }

  /// The first fragment of this name.
  const Fragment* fragment(std::string_view name) const;

 private:
  static constexpr std::size_t most_faults = 100;

  std::vector<Fault> faults_{};
  std::unordered_map<std::string_view, const Fragment*> fragments_{};
};

/// A selection, and what is known of it: nothing where the document is wrong, which another rule says.
struct Site {
  const Selection& selection;
  const TypeDefinition* parent;
  /// Of a field.
  const FieldDefinition* field;
};

/// The type of what is inside a selection of a parent.
const TypeDefinition* inner_type(const Schema& schema, const Selection& selection, const TypeDefinition* parent);

/// Every selection in these, at whatever depth, but not through spreads.
void for_each_selection(const Schema& schema, const std::vector<Selection>& selections, const TypeDefinition* parent,
                        const std::function<void(const Site&)>& look);

/// The same for every operation and fragment of the document.
void for_each_selection(const Validation& validation, const std::function<void(const Site&)>& look);

// The rules. Each says what is wrong and nothing else.
void check_operations(Validation& validation);  // 5.1, 5.2
void check_fields(Validation& validation);      // 5.3.1, 5.3.3
void check_merging(Validation& validation);     // 5.3.2, once there are no cycles
void check_arguments(Validation& validation);   // 5.4, 5.6
void check_fragments(Validation& validation);   // 5.5
/// False when a fragment spreads itself.
bool check_cycles(Validation& validation);      // 5.5.2.2
void check_directives(Validation& validation);  // 5.7
void check_variables(Validation& validation);   // 5.8

/// Arguments against their definitions; of a field and of a directive.
void check_arguments(Validation& validation, const std::vector<InputValue>& definitions,
                     const std::vector<Argument>& arguments, const std::string& owner, std::size_t at);

}  // namespace dompet::graphql
