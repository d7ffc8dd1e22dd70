#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/load/random.hpp"
#include "cli/past/cast.hpp"
#include "persistence/audit_log.hpp"
#include "persistence/card_safe.hpp"
#include "persistence/reference_store.hpp"

namespace dompet::cli {

/// Rows that were made, and not those that were there already.
struct Enrolled {
  std::size_t users = 0;
  std::size_t cards = 0;
  std::size_t merchants = 0;
  std::size_t documents = 0;
};

/// The rows behind the ids that a past's movements name: its people as customers, their cards, the shops as merchants
/// with their documents, and a few merchants who sell nothing: not decided about yet, refused, or given up. Written to
/// the ledger's first database through the stores that the routes use, and dated when they would have been made. Use
/// from one thread; throws what the stores throw.
class Enrolment {
 public:
  /// Until `end_ms` the past goes, milliseconds since 1970. Cast and vault must outlive it.
  Enrolment(Reader& reader, const Vault& vault, const Cast& cast, std::int64_t end_ms, std::uint64_t seed);

  /// The one hash of the password that all people of the cast have; nothing before the first of them is there.
  std::optional<std::string> password_hash();
  /// Makes what is missing, the people with this hash; of a past that is complete it changes nothing. Throws
  /// std::runtime_error when another user has a name or an address that is needed here.
  Enrolled run(const std::string& password_hash);

 private:
  struct Merchant;
  bool make_user(const Person& person, const std::string& password_hash);
  bool make_card(const Person& person, std::size_t place);
  void make_merchant(const Merchant& merchant, Enrolled& enrolled);
  void make_idle_merchants(Enrolled& enrolled);
  void make_document(const Merchant& merchant, std::string_view type, std::string_view status, Enrolled& enrolled);
  ReferenceOutcome<ReferenceRow> create(const ReferenceTable& table, const Uuid& id, const ReferenceValues& values,
                                        std::int64_t made_ms, const ReferenceGuard& also = {});
  bool is_there(const ReferenceTable& table, const Uuid& id);

  Reader& reader_;
  CardSafe safe_;
  const Cast& cast_;
  std::int64_t end_ms_;
  /// Not the story's stream: the ids of movements do not depend on how many documents there are.
  Random random_;
  Act act_{.who = "dompetctl seed", .why = "a made-up past"};
};

/// "demo1@example.com"
std::string email_of(const Person& person);

}  // namespace dompet::cli
