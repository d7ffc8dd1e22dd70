#include "providers/marketplace_lookups.hpp"

#include <chrono>
#include <utility>

namespace dompet {

namespace {

using Clock = std::chrono::steady_clock;

struct Question {
  std::string va_number{};
  MarketplaceLookups::Then then{};
  Clock::time_point asked = Clock::now();
};

}  // namespace

struct MarketplaceLookups::Desk {
  const Marketplace* marketplace = nullptr;
  std::mutex mutex{};
  std::condition_variable changed{};
  std::deque<Question> questions{};
  bool is_closed = false;
  std::vector<std::jthread> threads{};
};

MarketplaceLookups::MarketplaceLookups(MarketplaceSettings settings) : settings_(std::move(settings)) {
  for (const Marketplace& marketplace : settings_.all) {
    Desk& desk = *desks_.emplace_back(std::make_unique<Desk>());
    desk.marketplace = &marketplace;
    for (std::size_t i = 0; i < settings_.lookup_threads; ++i)
      desk.threads.emplace_back([this, &desk] { serve(desk); });
  }
}

MarketplaceLookups::~MarketplaceLookups() {
  for (const auto& desk : desks_) {
    const std::lock_guard lock(desk->mutex);
    desk->is_closed = true;
    desk->questions.clear();
    desk->changed.notify_all();
  }
}

bool MarketplaceLookups::ask(const Marketplace& marketplace, std::string va_number, Then then) {
  for (const auto& desk : desks_) {
    if (desk->marketplace->name != marketplace.name)
      continue;
    const std::lock_guard lock(desk->mutex);
    if (desk->is_closed || desk->questions.size() >= settings_.lookup_queue)
      return false;
    desk->questions.push_back({std::move(va_number), std::move(then)});
    desk->changed.notify_one();
    return true;
  }
  return false;
}

void MarketplaceLookups::serve(Desk& desk) {
  MarketplaceClient client(*desk.marketplace, settings_);
  std::unique_lock lock(desk.mutex);
  for (;;) {
    desk.changed.wait(lock, [&] { return desk.is_closed || !desk.questions.empty(); });
    if (desk.is_closed)
      return;
    const Question question = std::move(desk.questions.front());
    desk.questions.pop_front();
    lock.unlock();
    // Who waited that long behind others that had no answer would wait in vain too.
    const bool is_stale = Clock::now() - question.asked > settings_.timeout;
    Found found = is_stale ? Found{std::unexpected("It answers too slowly.")} : client.look_up(question.va_number);
    lock.lock();
    if (!desk.is_closed)
      question.then(std::move(found));
  }
}

}  // namespace dompet
