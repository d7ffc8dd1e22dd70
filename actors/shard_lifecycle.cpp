#include <spdlog/spdlog.h>

#include <algorithm>

#include "actors/not_now.hpp"
#include "actors/shard.hpp"

// The other half of ShardKeeper: how wallets leave memory, by rest, by crash, by quarantine, by a new generation.

namespace dompet {

namespace {

/// Letting a wallet go writes a snapshot when loading it again would replay at least so many events.
constexpr std::uint64_t events_worth_a_snapshot = 32;
constexpr std::size_t looked_at_for_room = 16;
/// A wallet that was busy when the shard is let go is asked again after this.
constexpr std::chrono::milliseconds ask_busy_wallets_again{5};
/// A shard that cannot be let go in this time stays: its wallets do not come to rest.
constexpr std::chrono::milliseconds release_limit{2'000};

}  // namespace

// --- letting go ---

void ShardKeeper::tick() {
  if (is_served() && !keys_asked_)
    read_keys();
  look_for_expired();
  const auto idle_since = self_->clock().now() - node_->settings.idle_before_passivation;
  for (auto& [wallet, resident] : residents_)
    if (resident.state == Resident::State::active && resident.last_used < idle_since) {
      resident.state = Resident::State::quiescing;
      self_->send(resident.actor, Quiesce{});
    }
  const auto interval =
      std::max<std::chrono::milliseconds>(node_->settings.idle_before_passivation / 4, std::chrono::milliseconds(50));
  self_->delayed_send(self_, interval, Tick{});
}

void ShardKeeper::make_room() {
  const std::size_t most = std::max<std::size_t>(node_->settings.resident_wallets / node_->settings.shard_count, 1);
  if (residents_.size() < most)
    return;
  auto oldest = residents_.end();
  std::size_t looked_at = 0;
  for (auto place = residents_.begin(); place != residents_.end() && looked_at < looked_at_for_room;
       ++place, ++looked_at)
    if (place->second.state == Resident::State::active &&
        (oldest == residents_.end() || place->second.last_used < oldest->second.last_used))
      oldest = place;
  if (oldest == residents_.end())
    return;
  oldest->second.state = Resident::State::quiescing;
  self_->send(oldest->second.actor, Quiesce{});
}

void ShardKeeper::on_quiesced(const WalletQuiesced& message) {
  const auto place = residents_.find(message.wallet);
  if (message.generation != generation_ || place == residents_.end() ||
      place->second.state != Resident::State::quiescing)
    return;
  Resident& resident = place->second;
  if (!message.stopped) {
    resident.state = Resident::State::active;
    if (!is_releasing())
      resident.last_used = self_->clock().now();
    return flush_stash(message.wallet, resident);
  }
  self_->demonitor(resident.actor->address());
  node_->counters.resident_wallets -= 1;
  node_->counters.passivated_wallets += 1;
  if (resident.durable->read().seq % node_->settings.snapshot_every >= events_worth_a_snapshot) {
    auto entry = std::make_shared<LaneEntry>();
    entry->generation = generation_;
    entry->snapshot = true;
    entry->wallets[0] = resident.durable;
    resident.durable->pending += 1;
    node_->append(shard_, std::move(entry));
  }
  const auto stash = std::move(resident.stash);
  residents_.erase(place);
  if (stash)
    for (WalletWork& work : *stash)
      deliver(message.wallet, std::move(work));
  hand_over_if_empty();
}

// --- crashes ---

void ShardKeeper::on_down(const caf::down_msg& down) {
  if (!down.reason || down.reason == caf::exit_reason::normal)
    return;
  const auto place = std::ranges::find_if(residents_, [&](const auto& entry) {
    return entry.second.actor && entry.second.actor->address() == down.source;
  });
  if (place == residents_.end())
    return;
  Resident& resident = place->second;
  const WalletId wallet = place->first;
  spdlog::error("wallet {} crashed", to_string(wallet));
  node_->counters.wallet_crashes += 1;
  node_->counters.resident_wallets -= 1;
  resident.state = Resident::State::draining;
  resident.actor = WalletActor{};
  auto then = std::make_shared<LaneEntry>();
  then->when_durable = [self = ShardActor{self_}, drained = WalletDrained{wallet, generation_}](const RecordPtr&) {
    caf::anon_send(self, drained);
  };
  self_->send(node_->lane_of(shard_), Retire{resident.durable, std::move(then)});
  note_crash(wallet);
  for (const ShardActor& shard : node_->shards)
    self_->send(shard, AnnounceCrash{wallet});
}

void ShardKeeper::note_crash(const WalletId& wallet) {
  const auto now = self_->clock().now();
  auto& times = crashes_[wallet];
  times.push_back(now);
  while (!times.empty() && now - times.front() > node_->settings.crash_window)
    times.pop_front();
  if (times.size() > static_cast<std::size_t>(node_->settings.crashes_before_quarantine))
    quarantine({wallet, "its actor crashed " + std::to_string(times.size()) + " times in a row"});
}

void ShardKeeper::announce_crash(const WalletId& wallet) {
  for (const auto& [id, resident] : residents_)
    if (resident.actor)
      self_->send(resident.actor, PeerCrashed{wallet});
}

/// What the crashed actor appended is durable, and so are its decisions; those that it had not come to are asked for
/// again by their coordinators.
void ShardKeeper::on_drained(const WalletDrained& drained) {
  if (drained.generation != generation_)
    return;
  const WalletId& wallet = drained.wallet;
  decisions_.forget_undecided(wallet);
  const auto place = residents_.find(wallet);
  if (place == residents_.end() || place->second.state != Resident::State::draining)
    return;
  Resident waiting = std::move(place->second);
  residents_.erase(place);
  if (waiting.stash)
    std::erase_if(*waiting.stash, [](const WalletWork& work) { return std::holds_alternative<DecideCredit>(work); });
  if (load(wallet))
    residents_[wallet].stash = std::move(waiting.stash);
  else
    refuse_waiting(wallet, waiting, not_now(busy_sentence));
}

void ShardKeeper::quarantine(const QuarantineWallet& order) {
  spdlog::critical("wallet {} is quarantined: {}", to_string(order.wallet), order.reason);
  if (quarantined_.emplace(order.wallet, order.reason).second)
    node_->counters.quarantined_wallets += 1;
  if (const auto place = residents_.find(order.wallet); place != residents_.end()) {
    if (place->second.actor) {
      self_->demonitor(place->second.actor->address());
      self_->send(place->second.actor, Abandon{});
      node_->counters.resident_wallets -= 1;
    }
    refuse_waiting(order.wallet, place->second, quarantined(order.reason));
    residents_.erase(place);
  }
  escalate();
}

/// Many quarantines in a short time are the node's fault, not the wallets' (protocol 5.4).
void ShardKeeper::escalate() {
  const auto now = self_->clock().now();
  quarantine_times_.push_back(now);
  while (now - quarantine_times_.front() > std::chrono::minutes(1))
    quarantine_times_.pop_front();
  if (quarantine_times_.size() > static_cast<std::size_t>(node_->settings.quarantines_before_release))
    node_->give_up("more than " + std::to_string(node_->settings.quarantines_before_release) +
                   " wallets of one shard were quarantined within a minute");
}

// --- giving the shard away (protocol 5.10) ---

/// Step 2: nothing new comes in, what is under way ends, every wallet leaves memory. Asked again and again until then;
/// the same wish from above changes nothing.
void ShardKeeper::release(const ReleaseShard& order) {
  if (!is_served() || (is_releasing() && order.to != release_to_))
    return;
  const auto now = self_->clock().now();
  if (!is_releasing()) {
    release_to_ = order.to;
    release_deadline_ = now + release_limit;
    release_asked_ = false;
    self_->send(node_->sagas[shard_], PauseSagas{});
  } else if (now > release_deadline_ && !release_asked_) {
    return stay();
  }
  let_go_of_wallets();
  if (!release_asked_)
    self_->delayed_send(self_, ask_busy_wallets_again, order);
}

void ShardKeeper::let_go_of_wallets() {
  for (auto& [wallet, resident] : residents_)
    if (resident.state == Resident::State::active) {
      resident.state = Resident::State::quiescing;
      self_->send(resident.actor, Quiesce{});
    }
  hand_over_if_empty();
}

/// Everything that the shard appended is before this in the lane's mailbox: snapshots, tombstones, cancellations.
void ShardKeeper::hand_over_if_empty() {
  if (!is_releasing() || release_asked_ || !residents_.empty())
    return;
  release_asked_ = true;
  self_->send(node_->lane_of(shard_), HandOver{shard_, release_to_});
}

/// The shard could not be let go in time: it goes on here, and whoever wished it may wish it again.
void ShardKeeper::stay() {
  spdlog::warn("shard {} does not come to rest and stays here", shard_);
  release_to_ = {};
  self_->send(node_->sagas[shard_], BeginGeneration{generation_});
  for (Submit& submit : std::exchange(parked_, {}))
    this->submit(submit);
}

// --- generations ---

void ShardKeeper::drop_everything() {
  for (auto& [wallet, resident] : residents_) {
    if (resident.actor) {
      self_->demonitor(resident.actor->address());
      self_->send(resident.actor, Abandon{});
      node_->counters.resident_wallets -= 1;
    }
    refuse_waiting(wallet, resident, not_now(interrupted_sentence));
  }
  residents_.clear();
  release_to_ = {};
  keys_under_way_.clear();
  expiry_.restart();
  decisions_.begin(generation_, ++tenure_);
}

void ShardKeeper::begin_generation(const BeginGeneration& begun) {
  const bool is_new_here = !is_served();
  generation_ = begun.generation;
  drop_everything();
  self_->send(node_->sagas[shard_], begun);
  if (is_new_here)
    read_keys();
  for (Submit& submit : std::exchange(parked_, {}))
    this->submit(submit);
}

/// Another start will load what this one knew. Requests that waited go after the shard.
void ShardKeeper::end_tenure(const EndTenure& ended) {
  if (!is_served() || (ended.generation != 0 && ended.generation != generation_))
    return;
  generation_ = 0;
  drop_everything();
  quarantined_.clear();
  forget_keys();
  self_->send(node_->sagas[shard_], EndTenure{});
  for (Submit& submit : std::exchange(parked_, {}))
    divert(submit);
}

/// Keys that others took in while they had the shard are unknown here until they are read.
void ShardKeeper::read_keys() {
  const std::uint64_t reading = ++keys_reading_;
  keys_asked_ = node_->pool_of(shard_).scan(
      [self = ShardActor{self_}, node = node_, shard = shard_, reading](RecoveryStore& store) {
        store.keys_of(shard, [&](const KeyId& key) { node->keys.add(key); });
        caf::anon_send(self, KeysLoaded{reading, true});
      },
      [self = ShardActor{self_}, reading](const std::string&, bool) {
        caf::anon_send(self, KeysLoaded{reading, false});
      });
}

void ShardKeeper::on_keys_loaded(const KeysLoaded& loaded) {
  if (loaded.reading != keys_reading_)
    return;
  keys_asked_ = keys_loaded_ = loaded.complete;
  if (loaded.complete)
    node_->keys.note_loaded_shard();
}

void ShardKeeper::forget_keys() {
  ++keys_reading_;
  if (keys_loaded_)
    node_->keys.note_forgotten_shard();
  keys_asked_ = keys_loaded_ = false;
}

}  // namespace dompet
