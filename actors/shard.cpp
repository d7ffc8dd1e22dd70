#include "actors/shard.hpp"

#include <algorithm>

#include "actors/not_now.hpp"
#include "actors/wallet.hpp"

namespace dompet {

namespace {

Result balance_answer(WalletHistory history) {
  if (history.wallet.status == WalletStatus::absent)
    return Decline::wallet_not_found;
  return history;
}

}  // namespace

ShardKeeper::ShardKeeper(ShardActor::pointer self, NodePtr node, Shard shard)
    : self_(self), node_(std::move(node)), shard_(shard),
      decisions_(self, node_, shard, [this](const TransferPtr& transfer) {
        deliver(transfer->transaction->destination, DecideCredit{transfer});
      }) {}

// --- requests ---

void ShardKeeper::submit(Submit& submit) {
  if (!is_served() || is_releasing())
    return divert(submit);
  std::visit([&](auto& request) { begin(submit.correlation, request); }, submit.request);
}

void ShardKeeper::divert(Submit& submit) {
  if (!is_served())
    self_->send(node_->router, Forward{std::move(submit)});
  else if (parked_.size() < node_->settings.stash_limit)
    parked_.push_back(std::move(submit));
  else
    node_->answer(submit.correlation, not_now(busy_sentence));
}

void ShardKeeper::begin(std::uint64_t correlation, const SagaOrderRequest& request) {
  self_->send(node_->sagas[shard_], OrderSaga{correlation, request});
}

void ShardKeeper::begin(std::uint64_t correlation, const ProviderWordRequest& word) {
  self_->send(node_->sagas[shard_], ProviderWord{correlation, word});
}

void ShardKeeper::begin(std::uint64_t correlation, OpenWalletRequest& request) {
  deliver(request.wallet, ChangeWallet{correlation, std::move(request.command), {}});
}

void ShardKeeper::begin(std::uint64_t correlation, ChangeWalletRequest& request) {
  deliver(request.wallet, ChangeWallet{correlation, std::move(request.changes), request.on_behalf_of});
}

void ShardKeeper::begin(std::uint64_t correlation, ReadWalletRequest& request) {
  if (const auto held = quarantined_.find(request.wallet); held != quarantined_.end())
    return node_->answer(correlation, quarantined(held->second));
  if (!residents_.contains(request.wallet) && !load(request.wallet))
    return node_->answer(correlation, not_now(busy_sentence));
  const auto place = residents_.find(request.wallet);
  if (!place->second.durable) {
    waiting_reads_[request.wallet].push_back({correlation, request.strict});
    return;
  }
  Result answer = balance_answer(place->second.durable->read());
  // The lease is looked at after the balance: until here nobody else can have changed it (protocol 5.8).
  if (request.strict || !node_->lease_holds() || !node_->lane_seat(shard_).ready)
    return read_strictly(correlation, place->second.durable);
  node_->answer(correlation, std::move(answer));
}

void ShardKeeper::read_waiting(const WalletId& wallet) {
  const auto reads = waiting_reads_.extract(wallet);
  if (reads.empty())
    return;
  for (const WaitingRead& read : reads.mapped()) {
    ReadWalletRequest again{wallet, read.strict};
    begin(read.correlation, again);
  }
}

void ShardKeeper::read_strictly(std::uint64_t correlation, const DurableWalletPtr& durable) {
  auto barrier = std::make_shared<LaneEntry>();
  barrier->generation = generation_;
  barrier->when_durable = [node = node_, correlation, durable](const RecordPtr&) {
    node->answer(correlation, balance_answer(durable->read()));
  };
  barrier->when_lost = [node = node_, correlation](bool) { node->answer(correlation, not_now(interrupted_sentence)); };
  node_->append(shard_, std::move(barrier));
}

/// Whether this node can ask the provider that the request needs.
bool ShardKeeper::can_begin(const Transaction& wanted) const {
  const bool asks = wanted.kind == TransactionKind::withdrawal ||
                    (wanted.kind == TransactionKind::topup && node_->settings.topups_ask_provider);
  return !asks || node_->provider != nullptr;
}

void ShardKeeper::start_money(std::uint64_t correlation, MoveMoneyRequest& request) {
  if (request.only_if_known)
    return node_->answer(correlation, NotNow{false, free_key_sentence, NotNow::Cause::key_is_free});
  if (!can_begin(*request.transaction))
    return node_->answer(correlation, not_now(no_provider_sentence));
  node_->keys.add(request.stamp.key);
  if (!node_->settings.cluster.listen.empty())
    keys_under_way_.begin(request.stamp.key, self_->clock().now());
  auto transfer = std::make_shared<Transfer>();
  transfer->transaction = std::move(request.transaction);
  transfer->stamp = request.stamp;
  transfer->correlation = correlation;
  transfer->generation = generation_;
  transfer->on_behalf_of = request.on_behalf_of;
  transfer->asked_by = request.asked_by;
  transfer->source_shard = shard_;
  const Transaction& wanted = *transfer->transaction;
  transfer->destination_shard =
      asks_provider(wanted.kind) ? shard_ : shard_of(wanted.destination, node_->settings.shard_count);
  if (wanted.kind == TransactionKind::topup)
    deliver(wanted.destination, AcceptTopup{std::move(transfer)});
  else
    deliver(wanted.source, BeginTransfer{std::move(transfer)});
}

// --- finding the wallet ---

/// While the shard is let go no new work of other shards comes in; a probe still goes the way of what it stands for.
void ShardKeeper::route(Route& route) {
  const bool may_enter = is_served() && (!is_releasing() || std::holds_alternative<Probe>(route.work));
  if (!may_enter)
    return refuse(route.work, not_now(interrupted_sentence), /*moved=*/true);
  deliver(route.wallet, std::move(route.work));
}

/// A question in the middle of a change of hands is answered "not here": whoever asks asks again.
void ShardKeeper::ask_decision(const AskDecision& asked) {
  if (shard_of(asked.ask.transaction->destination, node_->settings.shard_count) != shard_)
    return;
  if (is_served() && !is_releasing())
    return decisions_.ask(asked);
  decisions_.tell_none(asked.ask, NoProofReason::not_owner);
}

void ShardKeeper::deliver(const WalletId& wallet, WalletWork work) {
  if (!quarantined_.empty())
    if (const auto held = quarantined_.find(wallet); held != quarantined_.end())
      return refuse(work, quarantined(held->second));
  auto place = residents_.find(wallet);
  if (place == residents_.end()) {
    if (!load(wallet))
      return refuse(work, not_now(busy_sentence));
    place = residents_.find(wallet);
  }
  Resident& resident = place->second;
  if (resident.state != Resident::State::active)
    return stash(resident, std::move(work));
  resident.last_used = self_->clock().now();
  std::visit([&](auto& task) { self_->send(resident.actor, std::move(task)); }, work);
}

void ShardKeeper::stash(Resident& resident, WalletWork work) {
  if (!resident.stash)
    resident.stash = std::make_unique<std::deque<WalletWork>>();
  // A probe stands for work that was sent before it: it must not overtake what is in the stash.
  const bool may_be_refused = !std::holds_alternative<Probe>(work);
  if (may_be_refused && resident.stash->size() >= node_->settings.stash_limit)
    return refuse(work, not_now(busy_sentence));
  resident.stash->push_back(std::move(work));
}

void ShardKeeper::flush_stash(const WalletId& wallet, Resident& resident) {
  const auto stash = std::move(resident.stash);
  if (stash)
    for (WalletWork& work : *stash)
      deliver(wallet, std::move(work));
}

bool ShardKeeper::load(const WalletId& wallet) {
  make_room();
  node_->counters.wallet_loads += 1;
  const std::uint64_t generation = generation_;
  const bool queued = node_->pool_of(shard_).read(
      [self = ShardActor{self_}, wallet, generation](RecoveryStore& store) {
        caf::anon_send(self, WalletLoaded{wallet, generation, store.load_wallet(wallet), {}, false});
      },
      [self = ShardActor{self_}, wallet, generation](const std::string& reason, bool unreadable) {
        caf::anon_send(self, WalletLoaded{wallet, generation, std::nullopt, reason, unreadable});
      });
  if (queued)
    residents_[wallet].state = Resident::State::loading;
  return queued;
}

void ShardKeeper::on_loaded(WalletLoaded& loaded) {
  const auto place = residents_.find(loaded.wallet);
  if (loaded.generation != generation_ || place == residents_.end() || place->second.state != Resident::State::loading)
    return;
  if (loaded.unreadable)
    return quarantine({loaded.wallet, loaded.failure});
  if (!loaded.failure.empty()) {
    refuse_waiting(loaded.wallet, place->second, not_now(loaded.failure));
    residents_.erase(place);
    return;
  }
  const auto makes_sense_unopened = [](const WalletWork& work) {
    const auto* change = std::get_if<ChangeWallet>(&work);
    return std::holds_alternative<DecideCredit>(work) || (change && std::holds_alternative<OpenWallet>(change->change));
  };
  const bool needed = place->second.stash && std::ranges::any_of(*place->second.stash, makes_sense_unopened);
  if (!loaded.history && !needed) {
    refuse_waiting(loaded.wallet, place->second, Decline::wallet_not_found);
    residents_.erase(place);
    return;
  }
  WalletHistory history = loaded.history ? std::move(*loaded.history) : WalletHistory{};
  history.wallet.id = loaded.wallet;
  spawn(loaded.wallet, place->second, std::move(history));
}

void ShardKeeper::spawn(const WalletId& wallet, Resident& resident, WalletHistory history) {
  resident.durable = std::make_shared<DurableWallet>(std::move(history));
  resident.actor = self_->spawn<caf::lazy_init>(wallet_actor, node_, resident.durable, generation_);
  self_->monitor(resident.actor);
  resident.state = Resident::State::active;
  resident.last_used = self_->clock().now();
  node_->counters.resident_wallets += 1;
  flush_stash(wallet, resident);
  read_waiting(wallet);
}

void ShardKeeper::refuse(const WalletWork& work, const Result& answer, bool moved) {
  struct Refusal {
    ShardKeeper& shard;
    const Result& answer;
    bool moved;
    void give_back(const Transfer& transfer) const {
      shard.keys_under_way_.give_back(transfer.stamp.key);
      shard.node_->answer(transfer.correlation, answer);
    }
    void operator()(const AcceptTopup& task) const { give_back(*task.transfer); }
    void operator()(const BeginTransfer& task) const { give_back(*task.transfer); }
    void operator()(const FinishTransfer& task) const {
      shard.self_->send(task.transfer->source_actor, TransferNotAppended{task.transfer, answer, moved});
    }
    void operator()(const ChangeWallet& task) const { shard.node_->answer(task.correlation, answer); }
    void operator()(const DecideCredit& task) const { shard.decisions_.give_up(task.transfer); }
    void operator()(const FinishSaga&) const {}     // the saga engine asks again
    void operator()(const ExpirePayment&) const {}  // found again by the next look
    void operator()(const Probe& task) const {
      shard.self_->send(task.transfer->source_actor, ProbeReturned{task.transfer});
    }
  };
  std::visit(Refusal{*this, answer, moved}, work);
}

void ShardKeeper::refuse_waiting(const WalletId& wallet, Resident& resident, const Result& answer) {
  const auto stash = std::move(resident.stash);
  if (stash)
    for (const WalletWork& work : *stash)
      refuse(work, answer);
  const auto reads = waiting_reads_.extract(wallet);
  if (!reads.empty())
    for (const WaitingRead& read : reads.mapped())
      node_->answer(read.correlation, answer);
}

ShardActor::behavior_type shard_actor(ShardActor::stateful_pointer<std::unique_ptr<ShardKeeper>> self, NodePtr node,
                                      Shard shard) {
  self->state = std::make_unique<ShardKeeper>(self, std::move(node), shard);
  self->set_down_handler([self](const caf::down_msg& down) { self->state->on_down(down); });
  self->send(self, Tick{});
  return {
      [self](Submit& message) { self->state->submit(message); },
      [self](Route& message) { self->state->route(message); },
      [self](const AskDecision& message) { self->state->ask_decision(message); },
      [self](WalletLoaded& message) { self->state->on_loaded(message); },
      [self](KeyLookedUp& message) { self->state->on_key_looked_up(message); },
      [self](const DecisionLookedUp& message) { self->state->on_decision_looked_up(message); },
      [self](const DecisionDurable& message) { self->state->on_decision_durable(message); },
      [self](const KeysLoaded& message) { self->state->on_keys_loaded(message); },
      [self](const KeyFreed& message) { self->state->on_key_freed(message); },
      [self](const WalletQuiesced& message) { self->state->on_quiesced(message); },
      [self](const WalletDrained& message) { self->state->on_drained(message); },
      [self](const QuarantineWallet& message) { self->state->quarantine(message); },
      [self](const AnnounceCrash& message) { self->state->announce_crash(message.wallet); },
      [self](const BeginGeneration& message) { self->state->begin_generation(message); },
      [self](const EndTenure& ended) { self->state->end_tenure(ended); },
      [self](const ReleaseShard& order) { self->state->release(order); },
      [self](const ExpiredFound& message) { self->state->on_expired_found(message); },
      [self](const Tick&) { self->state->tick(); },
  };
}

}  // namespace dompet
