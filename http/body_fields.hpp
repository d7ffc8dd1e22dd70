#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/event.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"
#include "domain/record.hpp"
#include "http/json.hpp"
#include "http/problem.hpp"

namespace dompet::http {

/// Takes the members of one JSON object by name and notes every one that is not as it must be. After a fault a harmless
/// value is given, so that one pass finds all faults; use the values only when there are no errors.
class BodyFields {
 public:
  /// Notes members that are not among `known`. `within` is the path of the object in the body, with a dot at its end.
  BodyFields(const JsonValue& object, std::initializer_list<std::string_view> known, std::vector<FieldError>& errors,
             std::string within = {});

  WalletId wallet_id(std::string_view name);
  /// An id that may be left out or null.
  std::optional<Uuid> optional_id(std::string_view name);
  /// The `quote_id` of a conversion, which may be left out: only the quote is known yet, not what it says.
  std::optional<FxLeg> quote();
  std::optional<Currency> currency(std::string_view name);
  /// Without a currency only the form is checked.
  Minor amount(std::string_view name, const std::optional<Currency>& currency);
  /// A text that must be there, of 1 to `most` characters (Unicode scalars), none of them a control character.
  std::string name(std::string_view name, std::size_t most);
  /// A text that may be left out or null, of at most `most` characters.
  std::string free_text(std::string_view name, std::size_t most);
  /// May be left out.
  bool truth(std::string_view name, bool otherwise);
  /// Any text that must be there.
  std::string word(std::string_view name);
  /// A card's number that must be there, without the spaces and dashes that people write.
  std::string card_number(std::string_view name);
  /// An object that may be left out or null, as canonical text of at most `most` bytes.
  std::string json_object(std::string_view name, std::size_t most);

  /// The member, unless it is missing.
  const JsonValue* optional(std::string_view name) const { return object_.find(name); }
  void fault(std::string_view name, std::string_view code, std::string detail);

 private:
  /// Notes when it is missing or null.
  const JsonValue* required(std::string_view name);

  const JsonValue& object_;
  std::vector<FieldError>& errors_;
  std::string within_;
};

/// An amount as the contract writes it: a decimal string, or an integer of whole major units. Otherwise a sentence.
std::expected<Minor, std::string> amount_of(const JsonValue& value, const Currency& currency);
/// The same, but zero is one.
std::expected<Minor, std::string> amount_or_zero_of(const JsonValue& value, const Currency& currency);

/// Unicode scalars in valid UTF-8.
std::size_t characters_in(std::string_view text);

}  // namespace dompet::http
