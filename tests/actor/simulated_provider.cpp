#include "tests/actor/simulated_provider.hpp"

#include <algorithm>

#include "domain/ensure.hpp"

namespace dompet::simulated {

SimulatedProvider::SimulatedProvider(std::uint64_t seed, std::function<std::int64_t()> now_ms)
    : random_(static_cast<std::minstd_rand::result_type>(seed % 2'147'483'646 + 1)), now_ms_(std::move(now_ms)) {}

void SimulatedProvider::ask(const ProviderOrder& order) {
  if (chance(manners_.loses))
    return;
  Case& one = cases_[order.id];
  ensure(one.times_asked == 0 || (one.order.amount == order.amount && one.order.account == order.account),
         "a provider is asked for the same thing each time");
  one.order = order;
  one.times_asked += 1;
  if (chance(manners_.hesitates))
    return say({order.id, order.source_shard, Decision::none, Decline::provider_refused, false});
  decide(one, order.cancel);
  const ProviderWordRequest word{order.id, order.source_shard, one.decision, Decline::provider_refused, true};
  if (!one.first_word.known)
    one.first_word = word;
  say(word);
  if (chance(manners_.doubles))
    say(word);
}

void SimulatedProvider::decide(Case& one, bool cancel) {
  const bool sends_back = one.decision == Decision::credited && cancel && one.order.kind == TransactionKind::topup &&
                          !chance(manners_.keeps);
  if (sends_back)
    one.decision = Decision::refused;
  if (one.decision == Decision::none)
    one.decision = cancel || chance(manners_.refuses) ? Decision::refused : Decision::credited;
}

void SimulatedProvider::say(const ProviderWordRequest& word) {
  if (chance(manners_.loses))
    return;
  const auto most = static_cast<std::uint64_t>(manners_.delay_most.count()) + 1;
  words_.push_back({now_ms_() + static_cast<std::int64_t>(random_() % most), word});
}

Decision SimulatedProvider::decided(const TransactionId& id) const {
  const auto found = cases_.find(id);
  return found == cases_.end() ? Decision::none : found->second.decision;
}

int SimulatedProvider::times_asked(const TransactionId& id) const {
  const auto found = cases_.find(id);
  return found == cases_.end() ? 0 : found->second.times_asked;
}

void SimulatedProvider::contradict_itself(const TransactionId& id) {
  const Case& one = cases_.at(id);
  const Decision opposite = one.decision == Decision::credited ? Decision::refused : Decision::credited;
  words_.push_back({now_ms_(), {id, one.order.source_shard, opposite, Decline::provider_refused, true}});
}

void SimulatedProvider::repeat(const TransactionId& id) {
  if (cases_.at(id).first_word.known)
    words_.push_back({now_ms_(), cases_.at(id).first_word});
}

std::vector<TransactionId> SimulatedProvider::known() const {
  std::vector<TransactionId> ids;
  for (const auto& [id, one] : cases_)
    ids.push_back(id);
  return ids;
}

std::size_t SimulatedProvider::due() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(words_, [now = now_ms_()](const Word& word) { return word.due_ms <= now; }));
}

ProviderWordRequest SimulatedProvider::take(std::size_t index) {
  const auto place =
      std::ranges::find_if(words_, [&](const Word& word) { return word.due_ms <= now_ms_() && index-- == 0; });
  const ProviderWordRequest word = place->word;
  words_.erase(place);
  return word;
}

}  // namespace dompet::simulated
