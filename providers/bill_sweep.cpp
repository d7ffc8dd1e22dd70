#include "providers/bill_sweep.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "config/logging.hpp"
#include "persistence/failpoint.hpp"
#include "persistence/invoice_store.hpp"
#include "persistence/marketplace_store.hpp"
#include "providers/marketplace_client.hpp"
#include "providers/marketplace_counts.hpp"

namespace dompet {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::system_clock;

/// After a database that did not answer.
constexpr milliseconds pause_after_failure{2'000};
/// Rows of each kind in one look.
constexpr int most_at_once = 100;
/// Between two looks at how many notices wait.
constexpr milliseconds count_every{5'000};

void rest(const std::stop_token& stop, milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, time, [&] { return stop.stop_requested(); });
}

/// What the journal has of a payment.
struct Fate {
  enum class Kind { unknown, under_way, paid, declined };
  Kind kind = Kind::unknown;
  TransactionId transaction{};
  std::int64_t at_ms = 0;
};

Fate fate_of(const StoredTransaction& stored) {
  const std::string_view status = status_of(stored);
  if (status == "completed")
    return {Fate::Kind::paid, stored.record.id, stored.completed_at_ms};
  if (status == "pending")
    return {Fate::Kind::under_way};
  return {Fate::Kind::declined};
}

using Readers = std::vector<std::unique_ptr<Reader>>;

/// A payment is where its payer is, so every database is asked. A key that was used for something else before pays
/// nothing here.
Fate fate_of(Readers& readers, const KeyId& key, const InvoiceId& invoice) {
  Fate found;
  for (const auto& reader : readers) {
    const auto record = reader->record_of_key(key);
    if (!record)
      continue;
    if (!pays(*record, invoice))
      return {Fate::Kind::declined};
    const auto stored = reader->transaction(record->id);
    if (stored)
      found = fate_of(*stored);
    // A database that a shard has left may know the payment's beginning and not its end.
    if (found.kind == Fate::Kind::paid || found.kind == Fate::Kind::declined)
      return found;
  }
  return found;
}

void settle_invoices(Readers& readers) {
  InvoiceStore store(*readers.front());
  for (const InvoiceStore::Attempt& attempt : store.claim_attempts(most_at_once)) {
    const Fate fate = fate_of(readers, attempt.key, attempt.invoice);
    if (fate.kind == Fate::Kind::paid)
      store.paid(attempt.invoice, fate.transaction, fate.at_ms);
    else if (fate.kind == Fate::Kind::declined)
      store.give_up(attempt.invoice, attempt.key);
    else if (fate.kind == Fate::Kind::unknown && attempt.is_over)
      store.forget_if_over(attempt.invoice, attempt.key);
  }
}

void note_paid(MarketplaceStore& store, const MarketplaceNotice& notice, const Fate& fate) {
  if (!store.paid(notice, fate.transaction, fate.at_ms))
    log_event(LogLevel::error, "an order of a marketplace was paid twice",
              {{"marketplace", notice.marketplace}, {"transaction", to_string(fate.transaction)}});
}

void settle_notices(Readers& readers) {
  MarketplaceStore store(*readers.front());
  for (const MarketplaceStore::Unknown& unknown : store.claim_unknown(most_at_once)) {
    const MarketplaceNotice& notice = unknown.notice;
    const Fate fate = fate_of(readers, notice.key, order_id(notice.marketplace, notice.va_number));
    if (fate.kind == Fate::Kind::paid)
      note_paid(store, notice, fate);
    else if (fate.kind == Fate::Kind::declined)
      store.give_up(notice.marketplace, notice.va_number, notice.key);
    else if (fate.kind == Fate::Kind::unknown && unknown.is_over)
      store.forget_if_over(notice.marketplace, notice.va_number, notice.key);
  }
}

}  // namespace

BillSweep::BillSweep(MarketplaceSettings settings, std::vector<MakeReader> databases, MarketplaceCounts& counts)
    : settings_(std::move(settings)), databases_(std::move(databases)), counts_(counts) {
  threads_.emplace_back([this](const std::stop_token& stop) { settle(stop); });
  for (const Marketplace& marketplace : settings_.all)
    threads_.emplace_back([this, &marketplace](const std::stop_token& stop) { tell(stop, marketplace); });
}

BillSweep::~BillSweep() {
  for (std::jthread& thread : threads_)
    thread.request_stop();
}

void BillSweep::settle(const std::stop_token& stop) {
  Readers readers;
  for (const MakeReader& make : databases_)
    readers.push_back(make());
  std::string last_fault;
  auto count_at = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    milliseconds pause = settings_.look;
    std::string fault;
    try {
      settle_invoices(readers);
      settle_notices(readers);
      if (std::chrono::steady_clock::now() >= count_at) {
        const MarketplaceStore::Waiting waiting = MarketplaceStore(*readers.front()).count_waiting();
        counts_.waiting = waiting.all;
        counts_.waiting_refused = waiting.refused;
        count_at = std::chrono::steady_clock::now() + count_every;
      }
    } catch (const std::exception& failure) {
      fault = failure.what();
      pause = pause_after_failure;
    }
    if (!fault.empty() && fault != last_fault)
      log_event(LogLevel::warning, "payments of bills are not looked up", {{"reason", fault}});
    last_fault = fault;
    rest(stop, pause);
  }
}

void BillSweep::tell(const std::stop_token& stop, const Marketplace& marketplace) {
  const auto reader = databases_.front()();
  MarketplaceClient client(marketplace, settings_);
  while (!stop.stop_requested()) {
    milliseconds pause = settings_.look;
    try {
      if (tell_next(*reader, client, marketplace))
        continue;
    } catch (const std::exception& failure) {
      log_event(LogLevel::warning, "a marketplace cannot be told",
                {{"marketplace", marketplace.name}, {"reason", failure.what()}});
      pause = pause_after_failure;
    }
    rest(stop, pause);
  }
}

bool BillSweep::tell_next(Reader& reader, MarketplaceClient& client, const Marketplace& marketplace) {
  MarketplaceStore store(reader);
  // Longer than the call can take: nobody else tells it meanwhile, and if this process dies somebody does afterwards.
  const auto notice = store.claim_due(marketplace.name, 2 * settings_.timeout.count() + 1'000);
  if (!notice)
    return false;
  const std::int64_t now_s = duration_cast<std::chrono::seconds>(system_clock::now().time_since_epoch()).count();
  const Heard heard = client.tell_paid(notice->va_number, to_string(notice->id), now_s);
  if (heard.end != Heard::End::yes) {
    note_unheard(store, *notice, heard);
    return true;
  }
  failpoint("bills.told");
  store.delivered(notice->id);
  ++counts_.delivered;
  return true;
}

/// The money has moved, so there is no end to telling it; but who refuses it is on show until he has taken it.
void BillSweep::note_unheard(MarketplaceStore& store, const MarketplaceNotice& notice, const Heard& heard) {
  const bool is_refused = heard.end == Heard::End::refused;
  ++(is_refused ? counts_.refused : counts_.unheard);
  if (is_refused && notice.state != "refused")
    log_event(LogLevel::warning, "a marketplace does not take that an order is paid; it is told again",
              {{"marketplace", notice.marketplace}, {"notice", to_string(notice.id)}, {"reason", heard.reason}});
  else if (notice.attempts == 1)
    log_event(LogLevel::warning, "a marketplace did not hear that an order is paid; it is told again",
              {{"marketplace", notice.marketplace}, {"notice", to_string(notice.id)}, {"reason", heard.reason}});
  store.failed(notice.id, heard.reason, is_refused, pause_after(notice.attempts));
}

std::int64_t BillSweep::pause_after(int attempts) const {
  constexpr int most_doublings = 20;
  const std::int64_t pause = settings_.retry_first.count() << std::min(std::max(attempts - 1, 0), most_doublings);
  return std::min(pause, static_cast<std::int64_t>(settings_.retry_most.count()));
}

}  // namespace dompet
