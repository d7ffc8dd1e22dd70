#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "persistence/reference_store.hpp"
#include "persistence/vault.hpp"

namespace dompet {

/// Card numbers on their way into and out of the table: sealed for a reveal, hashed for a look-up, masked for everybody
/// else. Any thread; the vault must outlive it.
class CardSafe {
 public:
  explicit CardSafe(const Vault& vault) : vault_(vault) {}

  /// number_sealed, number_hash and number_masked.
  ReferenceValues columns_of(const std::string& number) const;
  /// A number of the provider's that chance picks.
  static std::string draw(std::string_view provider);
  /// What number_hash has for it.
  std::string hash_column_of(std::string_view number) const;
  /// The number of a card; nothing when the key file does not have the key it was sealed with.
  std::optional<std::string> number_of(const ReferenceRow& card) const;
  /// Of number and expiry ("2030-11-30"): derived, kept nowhere.
  std::string cvv_of(std::string_view number, std::string_view expires_on) const;

  /// Seals again what a former key sealed; `limit` cards from `after` on, by id. The last id, or nothing at the end.
  /// How many it sealed is added to `sealed`. Throws std::runtime_error when one cannot be opened.
  std::optional<Uuid> seal_again(SqlSession& session, const std::optional<Uuid>& after, int limit,
                                 std::int64_t& sealed) const;

 private:
  const Vault& vault_;
};

}  // namespace dompet
