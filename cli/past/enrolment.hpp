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
/// with their documents, and a few merchants who sell nothing: not decided about yet, refused, or given up. Beside them
/// staff of each kind, and something in every trash. Written to the ledger's first database through the stores that the
/// routes use, and dated when they would have been made. Use from one thread; throws what the stores throw.
class Enrolment {
 public:
  /// Until `end_ms` the past goes, milliseconds since 1970. Cast and vault must outlive it.
  Enrolment(Reader& reader, const Vault& vault, const Cast& cast, std::int64_t end_ms, std::uint64_t seed);

  /// The one hash of the password that all people of the cast and the staff have; nothing before the first of them is
  /// there.
  std::optional<std::string> password_hash();
  /// Makes what is missing, the people with this hash; of a past that is complete it changes nothing. Throws
  /// std::runtime_error when another user has a name or an address that is needed here.
  Enrolled run(const std::string& password_hash);

 private:
  struct When {
    std::int64_t made_ms = 0;
    /// In the trash since then.
    std::optional<std::int64_t> trashed_ms{};
  };
  struct Merchant;
  struct Account;
  bool make_user(const Account& account, const std::string& password_hash);
  bool make_card(const Person& person, std::size_t place);
  bool issue_card(const Person& person, const CardId& id, std::string_view type, std::size_t place,
                  const OldCard* old = nullptr);
  void make_staff(const std::string& password_hash, Enrolled& enrolled);
  void make_trash(const std::string& password_hash, Enrolled& enrolled);
  void make_merchant(const Merchant& merchant, Enrolled& enrolled);
  void make_idle_merchants(Enrolled& enrolled);
  void make_document(const Merchant& merchant, std::string_view type, std::string_view status, Enrolled& enrolled,
                     bool is_trashed = false);
  ReferenceGuard dated(const ReferenceTable& table, const When& when) const;
  /// Half way between then and the end.
  std::int64_t later(std::int64_t made_ms) const { return made_ms + (end_ms_ - made_ms) / 2; }
  ReferenceOutcome<ReferenceRow> create(const ReferenceTable& table, const Uuid& id, const ReferenceValues& values,
                                        const When& when, const ReferenceGuard& also = {});
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
/// "demo-viewer@example.com, …"
std::string staff_emails();

}  // namespace dompet::cli
