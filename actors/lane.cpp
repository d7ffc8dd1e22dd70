#include "actors/lane.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "actors/not_now.hpp"
#include "domain/ensure.hpp"
#include "persistence/failpoint.hpp"

namespace dompet {

namespace {

using std::chrono::steady_clock;

constexpr auto retry_claim = std::chrono::milliseconds(200);
constexpr int claims_per_warning = 50;

std::int64_t milliseconds(steady_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::size_t bytes_of(const LaneEntry& entry) {
  constexpr std::size_t row_bytes = 256;
  const bool has_text = entry.record && entry.record->transaction;
  return row_bytes +
         (has_text ? entry.record->transaction->description.size() + entry.record->transaction->metadata.size() : 0);
}

/// Whether the database refused what the entry says: a value (class 22), a constraint (23), a saga or decision that is
/// not as it expects (DP002). A key that another shard took first (23505) is a client's doing; everything else, a full
/// disk, a lock that did not come, a cancelled statement, is the database's own and will pass.
bool blames_the_entry(std::string_view sqlstate) {
  return sqlstate != "23505" && (sqlstate.starts_with("22") || sqlstate.starts_with("23") || sqlstate == "DP002");
}

void each_wallet(const LaneEntry& entry, auto&& act) {
  for (const DurableWalletPtr& wallet : entry.wallets)
    if (wallet)
      act(*wallet);
}

/// Batch numbers of two starts must not meet: a random base, then one by one.
std::uint64_t random_base() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 31 ^ device()) & 0x3FFF'FFFF'FFFF'FFFFULL;
}

}  // namespace

Lane::Lane(LaneActor::pointer self, NodePtr node, int database, std::unique_ptr<LaneStore> store)
    : self_(self), node_(std::move(node)), database_(database), store_(std::move(store)), next_batch_(random_base()) {}

bool Lane::serves(const LaneEntry& entry) const {
  if (!entry.record)
    return true;
  const auto mine = [this](Shard shard) { return node_->seats[shard].generation == generation_; };
  return mine(entry.record->shard) && std::ranges::all_of(entry.record->all_legs(), [&](const Leg& leg) {
           return mine(node_->shard_of_id(leg.wallet));
         });
}

void Lane::append(LaneEntryPtr entry) {
  const auto retired = [](const DurableWalletPtr& wallet) { return wallet && wallet->lane.retired; };
  if (!works_ || entry->generation != generation_)
    return refuse(*entry, false, interrupted_sentence);
  if (!serves(*entry)) {
    const bool has_memory = entry->record->legs > 0;
    refuse(*entry, false, interrupted_sentence);
    if (has_memory)
      reset("a wallet's entry came after its shard was handed over");
    return;
  }
  if (std::ranges::any_of(entry->wallets, retired)) {
    refuse(*entry, false, interrupted_sentence);
    return reset("a transfer of a crashed wallet came late");
  }
  entry->appended = steady_clock::now();
  waiting_.push_back(std::move(entry));
  note_waiting();
  schedule_flush();
}

void Lane::retire(const DurableWalletPtr& wallet, LaneEntryPtr then) {
  wallet->lane.retired = true;
  then->generation = generation_;
  seat().waiting_rows += 1;
  if (!works_)
    return refuse(*then, false, interrupted_sentence);
  then->appended = steady_clock::now();
  waiting_.push_back(std::move(then));
  schedule_flush();
}

void Lane::schedule_flush() {
  if (flush_scheduled_)
    return;
  flush_scheduled_ = true;
  self_->send(self_, Flush{});
}

std::size_t Lane::batch_limit() const {
  return bisect_ > 0 ? std::min(bisect_, node_->settings.batch_rows) : node_->settings.batch_rows;
}

std::vector<LaneEntryPtr> Lane::take_next() {
  std::vector<LaneEntryPtr> taken;
  std::size_t bytes = 0;
  while (!waiting_.empty() && taken.size() < batch_limit()) {
    bytes += bytes_of(*waiting_.front());
    if (!taken.empty() && bytes > node_->settings.batch_bytes)
      break;
    taken.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return taken;
}

void Lane::flush() {
  flush_scheduled_ = false;
  if (!works_ || waiting_.empty())
    return;
  const std::vector<LaneEntryPtr> taken = take_next();
  // While the commit blocks, its oldest entry tells the door how late the lane is.
  seat().oldest_waiting_ms = milliseconds(taken.front()->appended);
  last_at_ms_ = std::max(last_at_ms_, node_->unix_ms());
  try {
    commit(seal(taken, streams_, next_batch_++, last_at_ms_, node_->settings.snapshot_every));
  } catch (const SealingFault& fault) {
    on_sealing_fault(taken, fault);
  }
  note_waiting();
  if (!waiting_.empty())
    schedule_flush();
}

namespace {

/// What the client hears of an entry that is durable; nothing when its actors answer later.
std::optional<Result> answer_of(const LaneEntry& entry) {
  const Record& record = *entry.record;
  switch (record.kind) {
    case RecordKind::topup:
    case RecordKind::transfer:
    case RecordKind::payment_authorized:
    case RecordKind::payment_incremented:
    case RecordKind::payment_voided:
      return MoneyAnswer{entry.record, SagaState::settled, record.at_ms, std::nullopt, false};
    case RecordKind::declined:
      return MoneyAnswer{entry.record, SagaState::declined, record.at_ms, record.decline, false};
    case RecordKind::wallet_changed: return entry.wallets[0]->read();
    default: return std::nullopt;
  }
}

}  // namespace

void Lane::answer(const SealedBatch& sealed) {
  std::vector<Answer> answers;
  answers.reserve(sealed.entries.size());
  for (const LaneEntryPtr& entry : sealed.entries)
    if (entry->correlation != 0 && entry->record)
      if (auto answer = answer_of(*entry))
        answers.push_back({entry->correlation, std::move(*answer)});
  if (!answers.empty())
    node_->sink->deliver(std::move(answers));
}

void Lane::commit(SealedBatch sealed) {
  // A rule that is broken on purpose, to see that the checkers find it.
  if (failpoint("lane.reply_before_durable"))
    answer(sealed);
  const auto begun = steady_clock::now();
  const CommitResult result = store_->commit(sealed.batch);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begun);
  node_->counters.commit_microseconds += static_cast<std::uint64_t>(took.count());
  switch (result.outcome) {
    case Outcome::durable: return release(sealed);
    case Outcome::rejected:
    case Outcome::fenced: return on_rejected(sealed, result);
    case Outcome::unknown: return on_unknown(std::move(sealed), result);
  }
}

void Lane::advance_streams(const SealedBatch& sealed) {
  for (const JournalRow& row : sealed.batch.journal)
    streams_.at(row.shard).last_seq = static_cast<std::uint64_t>(row.shard_seq);
}

void Lane::publish(SealedBatch& sealed) {
  for (std::size_t slot = 0; slot < sealed.wallets.size(); ++slot)
    sealed.wallets[slot]->publish(std::move(sealed.histories[slot]));
}

void Lane::release(SealedBatch& sealed) {
  advance_streams(sealed);
  publish(sealed);
  node_->counters.commits += 1;
  seat().commits += 1;
  node_->counters.committed_records += sealed.batch.journal.size();
  if (bisect_ > 0)
    bisect_ = bisect_ * 2 >= node_->settings.batch_rows ? 0 : bisect_ * 2;
  seat().waiting_rows -= sealed.entries.size();
  answer(sealed);
  for (const LaneEntryPtr& entry : sealed.entries) {
    each_wallet(*entry, [](DurableWallet& wallet) { wallet.pending -= 1; });
    if (entry->when_durable)
      entry->when_durable(entry->record);
  }
}

void Lane::refuse(LaneEntry& entry, bool may_be_applied, const std::string& reason) {
  seat().waiting_rows -= 1;
  each_wallet(entry, [](DurableWallet& wallet) { wallet.pending -= 1; });
  node_->answer(entry.correlation, NotNow{may_be_applied, reason});
  if (entry.when_lost)
    entry.when_lost(may_be_applied);
}

void Lane::quarantine(const LaneEntry& entry, const std::string& reason) {
  each_wallet(entry, [&](const DurableWallet& wallet) {
    const WalletId id = wallet.read().wallet.id;
    self_->send(node_->shard_of_wallet(id), QuarantineWallet{id, reason});
  });
}

void Lane::on_sealing_fault(const std::vector<LaneEntryPtr>& entries, const SealingFault& fault) {
  spdlog::error("wallet {} does not fit its own journal: {}", to_string(fault.wallet), fault.what());
  node_->counters.integrity_alarms += 1;
  for (const LaneEntryPtr& entry : entries)
    refuse(*entry, false, interrupted_sentence);
  self_->send(node_->shard_of_wallet(fault.wallet), QuarantineWallet{fault.wallet, fault.what()});
  reset("a batch could not be sealed");
}

void Lane::on_rejected(SealedBatch& sealed, const CommitResult& result) {
  spdlog::error("a batch of {} was rejected: {} {}", sealed.entries.size(), result.sqlstate, result.reason);
  node_->counters.rejected_commits += 1;
  for (const LaneEntryPtr& entry : sealed.entries)
    refuse(*entry, false, interrupted_sentence);
  if (result.outcome == Outcome::rejected) {
    const bool alone = sealed.entries.size() == 1;
    if (alone && blames_the_entry(result.sqlstate))
      quarantine(*sealed.entries.front(), result.reason);
    bisect_ = 1;
  }
  reset("a batch was rejected");
}

void Lane::on_unknown(SealedBatch sealed, const CommitResult& result) {
  spdlog::warn("the outcome of a batch of {} is unknown: {}", sealed.entries.size(), result.reason);
  node_->counters.unknown_commits += 1;
  in_doubt_ = std::make_unique<SealedBatch>(std::move(sealed));
  reset("the outcome of a batch is unknown");
}

void Lane::reset(const std::string& reason) {
  spdlog::warn("the lane drops all speculative state: {}", reason);
  node_->counters.lane_resets += 1;
  works_ = false;
  seat().ready = false;
  for (const LaneEntryPtr& entry : waiting_)
    refuse(*entry, false, interrupted_sentence);
  waiting_.clear();
  note_waiting();
  claim();
}

void Lane::claim() {
  if (works_)
    return;
  try {
    const std::vector<Claim> claims = store_->claim();
    settle_lost_batch();
    begin_generation(claims);
    failed_claims_ = 0;
  } catch (const Unavailable& outage) {
    if (failed_claims_++ % claims_per_warning == 0)
      spdlog::warn("the shards cannot be claimed yet: {}", outage.what());
    self_->delayed_send(self_, retry_claim, ClaimShards{});
  }
}

/// After the claim no earlier commit of ours can still become durable: what is there now is the outcome.
void Lane::settle_lost_batch() {
  if (!in_doubt_)
    return;
  const bool has_rows = !in_doubt_->batch.journal.empty();
  const JournalRow* first = has_rows ? &in_doubt_->batch.journal.front() : nullptr;
  const bool durable =
      has_rows && store_->batch_at(first->shard, static_cast<std::uint64_t>(first->shard_seq)) == in_doubt_->batch.id;
  const std::unique_ptr<SealedBatch> settled = std::move(in_doubt_);
  spdlog::warn("the batch in doubt {}", durable ? "is durable" : "was not committed");
  if (durable)
    return release(*settled);
  for (const LaneEntryPtr& entry : settled->entries)
    refuse(*entry, false, interrupted_sentence);
}

void Lane::begin_generation(const std::vector<Claim>& claims) {
  const Streams before = std::exchange(streams_, {});
  const std::uint64_t former = generation_;
  seat().generation = generation_ = ++node_->last_generation;
  works_ = true;
  for (const Claim& claim : claims)
    begin_tenure(claim);
  for (const auto& [shard, claim] : before)
    if (!streams_.contains(shard)) {
      node_->counters.shards_lost += 1;
      end_tenure(shard, former);
    }
  seat().ready = true;
  self_->send(node_->router, MapChanged{});
}

void Lane::begin_tenure(const Claim& claim) {
  streams_[claim.shard] = claim;
  node_->seats[claim.shard].database = database_;
  node_->seats[claim.shard].generation = generation_;
  seat().shards = streams_.size();
  self_->send(node_->shards[claim.shard], BeginGeneration{generation_, claim.epoch});
}

/// A shard that moved to another database may be with that one's lane by now.
void Lane::end_tenure(Shard shard, std::uint64_t generation) {
  std::uint64_t mine = generation;
  node_->seats[shard].generation.compare_exchange_strong(mine, 0);
  seat().shards = streams_.size();
  self_->send(node_->shards[shard], EndTenure{generation});
}

void Lane::adopt(const std::vector<Shard>& shards) {
  if (!works_)
    return;  // the claim that is to come finds them
  std::vector<Shard> unknown;
  std::ranges::copy_if(shards, std::back_inserter(unknown), [this](Shard shard) { return !streams_.contains(shard); });
  if (unknown.empty())
    return;
  try {
    for (const Claim& claim : store_->adopt(unknown))
      begin_tenure(claim);
    self_->send(node_->router, MapChanged{});
  } catch (const Unavailable& outage) {
    reset(outage.what());
  }
}

/// Protocol 5.10, step 3. Nothing of the shard is left above the lane; what waits here is committed first. The router
/// learns where the shard went before the shard sends it the requests that waited.
void Lane::hand_over(const HandOver& order) {
  while (works_ && !waiting_.empty())
    flush();
  const auto stream = streams_.find(order.shard);
  if (!works_ || stream == streams_.end())
    return;
  try {
    const Claim claim = stream->second;
    const bool given = store_->hand_over(claim, order.to);
    streams_.erase(stream);
    (given ? node_->counters.shards_given : node_->counters.shards_lost) += 1;
    if (given)
      self_->send(node_->router, AnnounceShard{{order.shard, order.to, claim.epoch + 1}});
    end_tenure(order.shard, generation_);
    self_->send(node_->membership, LookNow{});
  } catch (const Unavailable& outage) {
    reset(outage.what());
  }
}

void Lane::note_waiting() {
  seat().oldest_waiting_ms = waiting_.empty() ? 0 : milliseconds(waiting_.front()->appended);
}

LaneActor::behavior_type lane_actor(LaneActor::stateful_pointer<std::unique_ptr<Lane>> self, NodePtr node, int database,
                                    std::shared_ptr<std::unique_ptr<LaneStore>> store) {
  self->state = std::make_unique<Lane>(self, std::move(node), database, std::move(*store));
  return {
      [self](Append& message) { self->state->append(std::move(message.entry)); },
      [self](Retire& message) { self->state->retire(message.wallet, std::move(message.then)); },
      [self](const Flush&) { self->state->flush(); },
      [self](const ClaimShards&) { self->state->claim(); },
      [self](const AdoptShards& message) { self->state->adopt(message.shards); },
      [self](const HandOver& order) { self->state->hand_over(order); },
      [self](const ResetLane& message) { self->state->reset(message.reason); },
  };
}

}  // namespace dompet
