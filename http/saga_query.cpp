#include "http/saga_query.hpp"

#include <algorithm>
#include <cctype>

namespace dompet::http {

namespace {

constexpr std::int64_t most_shards = 4'096;
constexpr std::int64_t longest_age_s = 10LL * 365 * 24 * 3'600;
constexpr std::int64_t most_attempts = 1'000'000'000;
constexpr std::size_t longest_text = 100;
/// How an amount is read that an operator gave without a currency: over transfers of all of them. XXX is ISO 4217's
/// code for none.
constexpr Currency two_decimals{"XXX", 999, 2};

constexpr std::array listed_states{SagaState::reserved, SagaState::cancelling, SagaState::under_review,
                                   SagaState::settled,  SagaState::released,   SagaState::declined};

void read_state(QueryParameters& parameters, SagaSearch& search, const std::shared_ptr<const ClusterView>& view,
                std::int64_t now_ms) {
  const std::string state = parameters.choice(
      "state", {"reserved", "cancelling", "under_review", "settled", "released", "declined", "open", "stuck"});
  for (const SagaState possible : listed_states)
    if (name_of(possible) == state)
      search.state = possible;
  search.only_open = state == "open" || state == "stuck";
  if (state == "stuck")
    search.also = [view, now_ms](const SagaRow& row) { return reason_of(facts_of(row, *view, now_ms), *view).stuck; };
}

SagaSort read_sort(QueryParameters& parameters, const SagaSearch& search) {
  const std::string sort = parameters.choice("sort", {"-created", "created", "age", "-attempts", "-amount"});
  if (sort == "created")
    return SagaSort::oldest;
  if (sort.empty() || sort == "-created")
    return SagaSort::newest;
  if (search.state && is_final(*search.state))
    parameters.fault("sort", "Only open transfers are sorted by age, attempts or amount.");
  if (sort == "age")
    return SagaSort::longest_in_state;
  return sort == "-attempts" ? SagaSort::most_attempts : SagaSort::largest;
}

std::optional<Shard> read_shard(QueryParameters& parameters, std::string_view name) {
  const auto shard = parameters.number(name, 0, most_shards - 1);
  return shard ? std::optional{static_cast<Shard>(*shard)} : std::nullopt;
}

std::string read_text(QueryParameters& parameters, std::string_view name) {
  const std::string text = parameters.text(name).value_or("");
  if (text.size() > longest_text || text.contains('\0'))
    parameters.fault(name, "A text of at most " + std::to_string(longest_text) + " bytes.");
  return text;
}

std::vector<Shard> shards_of(const ClusterView& view, std::string_view node) {
  std::vector<Shard> shards;
  for (const ShardView& shard : view.shards)
    if (const auto owner = owner_of(view, shard.row.shard); owner && owner->node == node)
      shards.push_back(shard.row.shard);
  return shards;
}

std::string percent_encoded(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0)
      encoded += letter;
    else
      encoded += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return encoded;
}

}  // namespace

SagaSearch read_saga_search(QueryParameters& parameters, const std::shared_ptr<const ClusterView>& view,
                            std::int64_t now_ms) {
  SagaSearch search;
  read_state(parameters, search, view, now_ms);
  if (const auto wallet = parameters.id("wallet_id"))
    search.wallet = WalletId{*wallet};
  search.currency = parameters.currency("currency");
  const Currency read_in = search.currency.value_or(two_decimals);
  search.min_amount = parameters.amount("min_amount", read_in);
  search.max_amount = parameters.amount("max_amount", read_in);
  search.source_shard = read_shard(parameters, "source_shard");
  search.destination_shard = read_shard(parameters, "destination_shard");
  if (const std::string owner = read_text(parameters, "owner"); !owner.empty())
    search.owned = shards_of(*view, owner);
  search.error = read_text(parameters, "error");
  search.label = read_text(parameters, "label");
  search.assignee = read_text(parameters, "assignee");
  if (const auto age_s = parameters.number("min_age_s", 0, longest_age_s))
    search.created_until_ms = now_ms - *age_s * 1'000;
  if (const auto age_s = parameters.number("max_age_s", 0, longest_age_s))
    search.created_from_ms = now_ms - *age_s * 1'000;
  search.min_attempts = static_cast<int>(parameters.number("min_attempts", 0, most_attempts).value_or(0));
  search.sort = read_sort(parameters, search);
  return search;
}

std::optional<std::string> query_of_filter(const JsonValue& filter) {
  std::string query;
  for (const auto& [name, value] : filter.members) {
    const bool is_number = value.kind == JsonValue::Kind::integer;
    if (!is_number && value.kind != JsonValue::Kind::text)
      return std::nullopt;
    query += (query.empty() ? "" : "&") + percent_encoded(name) + "=" +
             percent_encoded(is_number ? std::to_string(value.integer) : value.text);
  }
  return query;
}

const SagaPause* pause_of(const SagaRow& row, const ClusterView& view) {
  if (!row.pause || is_final(row.saga.state))
    return nullptr;
  const auto owner = owner_of(view, row.saga.source_shard);
  return owner && owner->epoch == row.pause->epoch ? &*row.pause : nullptr;
}

SagaFacts facts_of(const SagaRow& row, const ClusterView& view, std::int64_t now_ms) {
  const SagaPause* pause = pause_of(row, view);
  return {.state = row.saga.state,
          .source_shard = row.saga.source_shard,
          .destination_shard = row.saga.destination_shard,
          .updated_at_ms = row.saga.updated_at_ms,
          .now_ms = now_ms,
          .last_error = row.saga.last_error,
          .last_node = row.last_node,
          .error_since_ms = row.error_since_ms,
          .paused_by = pause == nullptr ? "" : pause->by};
}

Position position_of(const SagaPlace& place) { return {place.id.uuid, static_cast<std::uint64_t>(place.key)}; }

std::optional<SagaPlace> place_of(const std::optional<Position>& position) {
  if (!position)
    return std::nullopt;
  return SagaPlace{static_cast<std::int64_t>(position->seq), {position->id}};
}

}  // namespace dompet::http
