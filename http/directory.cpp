#include "http/directory.hpp"

#include <memory>

#include "http/access/identity.hpp"
#include "http/reference/pool.hpp"
#include "http/timestamp.hpp"
#include "persistence/api_key_store.hpp"
#include "persistence/card_safe.hpp"

namespace dompet::http {

namespace {

constexpr std::string_view card_word = "card:";
constexpr std::string_view merchant_word = "merchant:";
constexpr std::string_view key_word = "api_key:";
constexpr std::string_view user_word = "user:";

/// The morning after a day such as 2030-11-30, UTC.
std::int64_t end_of_day_ms(const std::string& day) {
  constexpr std::int64_t day_ms = 86'400'000;
  const auto begins = parse_time(day + "T00:00:00Z");
  return begins ? *begins + day_ms : 0;
}

/// What belongs to somebody who was locked out is nobody's to use.
bool may_use_what_is_his(Reader& reader, const Uuid& user) {
  const auto row = ReferenceStore(reader, user_table).find(user);
  return row && !row->is_trashed() && row->text("status") == "active";
}

CardFacts card_facts(const ReferenceRow& row, bool is_users_to_use) {
  return {.card = {row.id},
          .user = {row.uuid("user_id")},
          .wallet = {row.uuid("wallet_id")},
          .is_frozen = row.text("status") != "active",
          .is_trashed = row.is_trashed(),
          .is_users_to_use = is_users_to_use,
          .expires_at_ms = end_of_day_ms(row.text("expires_on"))};
}

MerchantFacts merchant_facts(const ReferenceRow& row, bool is_users_to_use) {
  return {.merchant = {row.id},
          .user = {row.uuid("user_id")},
          .wallet = {row.uuid("wallet_id")},
          .status = row.text("status"),
          .is_trashed = row.is_trashed(),
          .is_users_to_use = is_users_to_use};
}

KeyFacts key_facts(const ApiKeyHolder& holder) {
  KeyFacts facts{.caller = {.kind = Caller::Kind::merchant,
                            .user = holder.user,
                            .merchant = holder.merchant,
                            .wallet = holder.wallet,
                            .api_key = holder.api_key,
                            .name = holder.merchant_name},
                 .expires_at_ms = holder.expires_at_ms.value_or(0)};
  for (const std::string& scope : holder.scopes)
    // A permission of a newer version means nothing here.
    facts.caller.permissions.add(scope);
  return facts;
}

/// The id behind the word, if it is such a word.
std::optional<Uuid> named(std::string_view said, std::string_view word) {
  return said.starts_with(word) ? parse_uuid(said.substr(word.size())) : std::nullopt;
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
        if (!row)
          return std::nullopt;
        return card_facts(*row, may_use_what_is_his(reader, row->uuid("user_id")));
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
        if (!row)
          return std::nullopt;
        return merchant_facts(*row, may_use_what_is_his(reader, row->uuid("user_id")));
      },
      std::move(then));
}

void Directory::key(Services& services, const ExchangePtr& exchange, std::string_view api_key,
                    std::function<void(const Looked<KeyFacts>&)> then) {
  const std::string hash = hash_of_api_key(api_key);
  if (is_missed(hash))
    return then(std::optional<KeyFacts>{});
  look<KeyFacts>(
      services, exchange, api_keys_, hash,
      [hash](Reader& reader) -> std::optional<KeyFacts> {
        const auto holder = ApiKeyStore(reader).holder(hash);
        return holder ? std::optional{key_facts(*holder)} : std::nullopt;
      },
      [this, hash, then = std::move(then), generation = api_keys_.generation](const Looked<KeyFacts>& looked) {
        if (looked && !*looked)
          miss(hash, generation);
        then(looked);
      });
}

const KeyFacts* Directory::known_key(std::string_view api_key) const {
  return recall(api_keys_, hash_of_api_key(api_key));
}

bool Directory::is_missed(const std::string& hash) const {
  const auto found = missed_keys_.find(hash);
  return found != missed_keys_.end() && Clock::now() - found->second <= longest_miss;
}

void Directory::miss(const std::string& hash, std::uint64_t generation) {
  if (generation != api_keys_.generation)
    return;
  if (missed_keys_.size() >= most_misses)
    missed_keys_.clear();
  missed_keys_.insert_or_assign(hash, Clock::now());
}

/// Whatever changed may also have made a key good that was none.
void Directory::forget_keys(const std::function<bool(const Caller& caller)>& is_meant) {
  ++api_keys_.generation;
  missed_keys_.clear();
  std::erase_if(api_keys_.entries, [&](const auto& entry) { return is_meant(entry.second.facts.caller); });
}

void Directory::hear(const std::vector<std::string>& said) {
  for (const std::string& words : said) {
    if (const auto id = named(words, merchant_word)) {
      ++merchants_.generation;
      merchants_.entries.erase(to_string(*id));
      forget_keys([&](const Caller& caller) { return caller.merchant == *id; });
    } else if (const auto api_key = named(words, key_word)) {
      forget_keys([&](const Caller& caller) { return caller.api_key == *api_key; });
    } else if (const auto card = named(words, card_word)) {
      ++cards_.generation;
      if (const auto key = keys_of_cards_.extract(*card))
        cards_.entries.erase(key.mapped());
    } else if (const auto user = named(words, user_word)) {
      forget_things_of({*user});
    }
  }
}

void Directory::forget_things_of(const UserId& user) {
  ++cards_.generation;
  ++merchants_.generation;
  const auto is_his = [&user](const auto& entry) { return entry.second.facts.user == user; };
  std::erase_if(cards_.entries, is_his);
  std::erase_if(merchants_.entries, is_his);
  forget_keys([&user](const Caller& caller) { return caller.user == user.uuid; });
}

void Directory::forget_all() {
  ++cards_.generation;
  ++merchants_.generation;
  ++api_keys_.generation;
  api_keys_.entries.clear();
  missed_keys_.clear();
  api_keys_.order.clear();
  cards_.entries.clear();
  cards_.order.clear();
  merchants_.entries.clear();
  merchants_.order.clear();
  keys_of_cards_.clear();
}

}  // namespace dompet::http
