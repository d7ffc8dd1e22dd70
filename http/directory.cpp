#include "http/directory.hpp"

#include <memory>

#include "http/access/identity.hpp"
#include "http/reference/pool.hpp"
#include "http/timestamp.hpp"
#include "persistence/card_safe.hpp"

namespace dompet::http {

namespace {

constexpr std::string_view card_word = "card:";
constexpr std::string_view merchant_word = "merchant:";

/// The morning after a day such as 2030-11-30, UTC.
std::int64_t end_of_day_ms(const std::string& day) {
  constexpr std::int64_t day_ms = 86'400'000;
  const auto begins = parse_time(day + "T00:00:00Z");
  return begins ? *begins + day_ms : 0;
}

CardFacts card_facts(const ReferenceRow& row) {
  return {.card = {row.id},
          .user = {row.uuid("user_id")},
          .wallet = {row.uuid("wallet_id")},
          .is_frozen = row.text("status") != "active",
          .is_trashed = row.is_trashed(),
          .expires_at_ms = end_of_day_ms(row.text("expires_on"))};
}

MerchantFacts merchant_facts(const ReferenceRow& row) {
  return {.merchant = {row.id},
          .user = {row.uuid("user_id")},
          .wallet = {row.uuid("wallet_id")},
          .status = row.text("status"),
          .is_trashed = row.is_trashed()};
}

}  // namespace

template <class Facts>
const Facts* Directory::recall(const Shelf<Facts>& shelf, const std::string& key) const {
  const auto found = shelf.entries.find(key);
  if (found == shelf.entries.end() || Clock::now() - found->second.read > longest_life)
    return nullptr;
  return &found->second.facts;
}

template <class Facts>
void Directory::keep(Shelf<Facts>& shelf, const std::string& key, const Facts& facts, std::uint64_t generation) {
  if (generation != shelf.generation)
    return;
  if (shelf.entries.insert_or_assign(key, typename Shelf<Facts>::Entry{facts, Clock::now()}).second)
    shelf.order.push_back(key);
  for (; shelf.order.size() > most_entries; shelf.order.pop_front())
    shelf.entries.erase(shelf.order.front());
}

template <class Facts, class Read>
void Directory::look(Services& services, const ExchangePtr& exchange, Shelf<Facts>& shelf, const std::string& key,
                     Read read, std::function<void(const Looked<Facts>&)> then) {
  if (const Facts* known = recall(shelf, key))
    return then(std::optional{*known});
  ask_pool<std::optional<Facts>>(
      services, exchange, std::move(read),
      [this, &shelf, key, then, generation = shelf.generation](std::optional<Facts> facts) {
        if (facts)
          keep(shelf, key, *facts, generation);
        then(std::move(facts));
      },
      [then](const Problem& problem) { then(std::unexpected(problem)); });
}

void Directory::card(Services& services, const ExchangePtr& exchange, std::string_view number,
                     std::function<void(const Looked<CardFacts>&)> then) {
  const std::string key = CardSafe(services.identity.vault()).hash_column_of(number);
  look<CardFacts>(
      services, exchange, cards_, key,
      [key](Reader& reader) -> std::optional<CardFacts> {
        const auto row = ReferenceStore(reader, card_table).find_by("number_hash", key);
        return row ? std::optional{card_facts(*row)} : std::nullopt;
      },
      [this, key, then = std::move(then)](const Looked<CardFacts>& looked) {
        if (looked && *looked && cards_.entries.contains(key))
          keys_of_cards_[(*looked)->card.uuid] = key;
        if (keys_of_cards_.size() > 2 * most_entries)
          forget_all();
        then(looked);
      });
}

void Directory::merchant(Services& services, const ExchangePtr& exchange, const MerchantId& merchant,
                         std::function<void(const Looked<MerchantFacts>&)> then) {
  look<MerchantFacts>(
      services, exchange, merchants_, to_string(merchant),
      [merchant](Reader& reader) -> std::optional<MerchantFacts> {
        const auto row = ReferenceStore(reader, merchant_table).find(merchant.uuid);
        return row ? std::optional{merchant_facts(*row)} : std::nullopt;
      },
      std::move(then));
}

void Directory::hear(const std::vector<std::string>& said) {
  for (const std::string& word : said) {
    if (word.starts_with(merchant_word)) {
      ++merchants_.generation;
      merchants_.entries.erase(word.substr(merchant_word.size()));
    }
    if (!word.starts_with(card_word))
      continue;
    ++cards_.generation;
    const auto id = parse_uuid(std::string_view{word}.substr(card_word.size()));
    const auto key = keys_of_cards_.find(id.value_or(Uuid{}));
    if (key == keys_of_cards_.end())
      continue;
    cards_.entries.erase(key->second);
    keys_of_cards_.erase(key);
  }
}

void Directory::forget_all() {
  ++cards_.generation;
  ++merchants_.generation;
  cards_.entries.clear();
  cards_.order.clear();
  merchants_.entries.clear();
  merchants_.order.clear();
  keys_of_cards_.clear();
}

}  // namespace dompet::http
