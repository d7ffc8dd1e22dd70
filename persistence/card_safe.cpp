#include "persistence/card_safe.hpp"

#include <cstring>
#include <stdexcept>

#include "domain/card_number.hpp"
#include "domain/ensure.hpp"
#include "persistence/session.hpp"

namespace dompet {

namespace {

/// A bytea as text (PostgreSQL 8.4.1, hex format).
std::string bytea(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "\\x";
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += {digits[value >> 4], digits[value & 15]};
  }
  return text;
}

int hex_value(char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; }

std::string bytes_of(std::string_view bytea) {
  std::string bytes;
  for (std::size_t i = 2; i + 1 < bytea.size(); i += 2)
    bytes += static_cast<char>(hex_value(bytea[i]) * 16 + hex_value(bytea[i + 1]));
  return bytes;
}

}  // namespace

ReferenceValues CardSafe::columns_of(const std::string& number) const {
  return {{"number_sealed", bytea(vault_.seal(number))},
          {"number_hash", hash_column_of(number)},
          {"number_masked", masked_card_number(number)}};
}

std::string CardSafe::draw(std::string_view provider) {
  const CardProvider* found = find_card_provider(provider);
  ensure(found != nullptr, "a card's provider is one of the table's");
  const std::string chance = random_bytes(sizeof(std::uint64_t));
  std::uint64_t random = 0;
  std::memcpy(&random, chance.data(), sizeof random);
  return make_card_number(*found, random);
}

std::string CardSafe::hash_column_of(std::string_view number) const {
  return bytea(vault_.keyed_hash("card number", number));
}

std::optional<std::string> CardSafe::number_of(const ReferenceRow& card) const {
  return vault_.unseal(bytes_of(card.text("number_sealed")));
}

std::string CardSafe::cvv_of(std::string_view number, std::string_view expires_on) const {
  return dompet::cvv_of(vault_.keyed_hash("cvv", std::string{number} + ' ' + std::string{expires_on}));
}

std::optional<Uuid> CardSafe::seal_again(SqlSession& session, const std::optional<Uuid>& after, int limit,
                                         std::int64_t& sealed) const {
  Parameters from;
  from.add(after.value_or(Uuid{})).add(limit);
  const Rows rows = session.ask("SELECT id, number_sealed FROM card WHERE id > $1 ORDER BY id LIMIT $2", from);
  std::optional<Uuid> last;
  rows.each([&](const Row& row) {
    last = row.uuid(0);
    const std::string old = row.bytes(1);
    const auto number = vault_.unseal(old);
    if (!number)
      throw std::runtime_error("The number of card " + to_string(*last) +
                               " was sealed with a key that the key file does not have.");
    // Only over what was read: a number never changes, but two may rotate at the same moment.
    session.ask("UPDATE card SET number_sealed = $2::bytea WHERE id = $1 AND number_sealed = $3::bytea",
                Parameters{}.add(*last).add(bytea(vault_.seal(*number))).add(bytea(old)));
    ++sealed;
  });
  return rows.size() == limit ? last : std::nullopt;
}

}  // namespace dompet
