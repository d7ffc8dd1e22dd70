#include "actors/wallet.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>

#include "actors/not_now.hpp"
#include "domain/ensure.hpp"
#include "persistence/failpoint.hpp"

namespace dompet {

namespace {

/// Ends the actor as CAF's own handler does, but says why in our log; the shard sees it and goes on (protocol 5.4).
caf::error log_crash(std::exception_ptr& crash) {
  try {
    std::rethrow_exception(crash);
  } catch (const std::exception& fault) {
    spdlog::error("a wallet crashes: {}", fault.what());
  } catch (...) {
    spdlog::error("a wallet crashes");
  }
  return caf::sec::runtime_error;
}

Event event_of(const Wallet& wallet, const WalletChange& change, std::optional<Decline>& refusal) {
  return std::visit(
      [&](const auto& command) -> Event {
        auto decided = decide(wallet, command);
        if (decided)
          return std::move(*decided);
        refusal = decided.error();
        return WalletUnfrozen{};
      },
      change);
}

}  // namespace

WalletKeeper::WalletKeeper(WalletActor::pointer self, NodePtr node, DurableWalletPtr durable, std::uint64_t generation)
    : self_(self), node_(std::move(node)), durable_(std::move(durable)), generation_(generation),
      wallet_(durable_->read().wallet) {}

void WalletKeeper::append(LaneEntryPtr entry) {
  mark_pending(*entry);
  hand_over(std::move(entry));
}

void WalletKeeper::mark_pending(LaneEntry& entry) {
  entry.generation = generation_;
  for (const DurableWalletPtr& wallet : entry.wallets)
    if (wallet)
      wallet->pending += 1;
}

void WalletKeeper::hand_over(LaneEntryPtr entry) { node_->append(node_->shard_of_id(wallet_.id), std::move(entry)); }

LaneEntryPtr WalletKeeper::new_entry(const Transfer& transfer, RecordKind kind) {
  auto entry = std::make_shared<LaneEntry>();
  entry->record = std::make_shared<Record>();
  entry->record->kind = kind;
  entry->record->id = transfer.transaction->id;
  entry->record->transaction = transfer.transaction;
  entry->record->shard = transfer.source_shard;
  return entry;
}

LaneEntryPtr WalletKeeper::declined_entry(const Transfer& transfer, Decline decline,
                                          const DurableWalletPtr& decided_on) {
  LaneEntryPtr entry = new_entry(transfer, RecordKind::declined);
  entry->record->decline = decline;
  entry->record->stamp = transfer.stamp;
  entry->wallets[0] = decided_on;
  entry->correlation = transfer.correlation;
  return entry;
}

/// A wallet that was never opened leaves no trace, whether it happens to be in memory or not.
void WalletKeeper::decline(const Transfer& transfer, Decline reason) {
  if (reason == Decline::wallet_not_found)
    return turn_down(transfer, reason);
  append(declined_entry(transfer, reason, durable_));
}

void WalletKeeper::turn_down(const Transfer& transfer, Result answer) {
  self_->send(node_->shards[transfer.source_shard], KeyFreed{transfer.stamp.key});
  node_->answer(transfer.correlation, std::move(answer));
}

/// The destination says no. The source hears of it before the lane does, but finds its entry counted already.
void WalletKeeper::decline_at_destination(const TransferPtr& transfer, Decline reason) {
  if (reason == Decline::wallet_not_found)
    return self_->send(transfer->source_actor, TransferNotAppended{transfer, reason});
  LaneEntryPtr entry = declined_entry(*transfer, reason, transfer->source_durable);
  mark_pending(*entry);
  self_->send(transfer->source_actor, TransferNotAppended{transfer, std::nullopt});
  hand_over(std::move(entry));
}

void WalletKeeper::accept(const AcceptTopup& work) {
  const Transfer& transfer = *work.transfer;
  const Transaction& request = *transfer.transaction;
  const auto credited = decide(wallet_, Credit{request.id, request.currency, request.amount});
  if (!credited)
    return decline(transfer, credited.error());
  dompet::apply(wallet_, *credited);
  LaneEntryPtr entry = new_entry(transfer, RecordKind::topup);
  entry->record->stamp = transfer.stamp;
  entry->record->add_leg(wallet_.id, *credited);
  entry->wallets[0] = durable_;
  entry->correlation = transfer.correlation;
  append(std::move(entry));
}

void WalletKeeper::begin(const BeginTransfer& work) {
  ensure(!failpoint("wallet.begin"), "failpoint: a command that crashes its wallet");
  Transfer& transfer = *work.transfer;
  const Transaction& request = *transfer.transaction;
  if (request.destination == wallet_.id)
    return decline(transfer, Decline::same_wallet);
  const auto hold = decide(wallet_, PlaceHold{request.id, request.currency, request.amount});
  if (!hold)
    return decline(transfer, hold.error());
  dompet::apply(wallet_, *hold);
  const bool in_one_lane = node_->seats[transfer.destination_shard].generation == generation_;
  if (!in_one_lane || !node_->settings.fast_path)
    return append_reserved(work.transfer, *hold);
  transfer.source_actor = self_;
  transfer.source_durable = durable_;
  under_way_.push_back(work.transfer);
  self_->send(node_->shards[transfer.destination_shard], Route{request.destination, FinishTransfer{work.transfer}});
}

/// Protocol 5.6: both legs in one entry, so the three steps of the transfer can never be cut apart. The source hears
/// of it before the lane does, so that a reset of the lane cannot overtake the news; but after the entry was counted,
/// so that it cannot be let go in between. A transfer of another generation finds or found its source abandoned, or
/// comes from one that heard of the new generation earlier than this wallet did.
void WalletKeeper::finish(const FinishTransfer& work) {
  ensure(!failpoint("wallet.finish"), "failpoint: a command that crashes its wallet");
  const Transfer& transfer = *work.transfer;
  if (transfer.generation != generation_)
    return self_->send(transfer.source_actor, TransferNotAppended{work.transfer, NotNow{false, interrupted_sentence}});
  const Transaction& request = *transfer.transaction;
  const auto credited = decide(wallet_, Credit{request.id, request.currency, request.amount});
  if (!credited)
    return decline_at_destination(work.transfer, credited.error());
  dompet::apply(wallet_, *credited);
  LaneEntryPtr entry = new_entry(transfer, RecordKind::transfer);
  entry->record->stamp = transfer.stamp;
  entry->record->add_leg(request.source, TransferredOut{request.id, request.amount});
  entry->record->add_leg(wallet_.id, *credited);
  entry->wallets = {transfer.source_durable, durable_};
  entry->correlation = transfer.correlation;
  mark_pending(*entry);
  self_->send(transfer.source_actor, TransferAppended{work.transfer});
  hand_over(std::move(entry));
}

bool WalletKeeper::forget(const TransferPtr& transfer) {
  const auto found = std::ranges::find(under_way_, transfer);
  if (found == under_way_.end())
    return false;
  *found = std::move(under_way_.back());
  under_way_.pop_back();
  return true;
}

void WalletKeeper::on_appended(const TransferPtr& transfer) {
  ensure(forget(transfer), "only a transfer under way can be appended");
  dompet::apply(wallet_, HoldCaptured{transfer->transaction->id, transfer->transaction->amount});
}

void WalletKeeper::release_hold(const TransferPtr& transfer) {
  dompet::apply(wallet_, HoldReleased{transfer->transaction->id, transfer->transaction->amount});
}

void WalletKeeper::on_not_appended(const TransferNotAppended& message) {
  const TransferPtr& transfer = message.transfer;
  ensure(forget(transfer), "only a transfer under way can be refused");
  if (message.moved) {
    transfer->source_actor = WalletActor{};
    transfer->source_durable.reset();
    return append_reserved(transfer, HoldPlaced{transfer->transaction->id, transfer->transaction->amount});
  }
  release_hold(transfer);
  if (message.answer)
    turn_down(*transfer, *message.answer);
}

void WalletKeeper::probe(const Probe& work) { self_->send(work.transfer->source_actor, ProbeReturned{work.transfer}); }

/// The destination handled everything that was sent before the probe. A transfer that is still under way was lost
/// with the destination's former actor: it was not appended and never will be.
void WalletKeeper::on_probe_returned(const TransferPtr& transfer) {
  if (!forget(transfer))
    return;
  release_hold(transfer);
  turn_down(*transfer, NotNow{false, interrupted_sentence});
}

void WalletKeeper::on_peer_crashed(const WalletId& peer) {
  for (const TransferPtr& transfer : under_way_)
    if (transfer->transaction->destination == peer)
      self_->send(node_->shards[transfer->destination_shard], Route{peer, Probe{transfer}});
}

std::vector<Event> WalletKeeper::decide_all(const std::vector<WalletChange>& changes,
                                            std::optional<Decline>& refusal) const {
  Wallet trial = wallet_;
  std::vector<Event> events;
  for (const WalletChange& change : changes) {
    events.push_back(event_of(trial, change, refusal));
    if (refusal)
      return {};
    dompet::apply(trial, events.back());
  }
  return events;
}

void WalletKeeper::change(const ChangeWallet& work) {
  std::optional<Decline> refusal;
  std::vector<Event> events;
  if (const auto* open = std::get_if<OpenWallet>(&work.change)) {
    if (auto opened = decide(wallet_, *open))
      events.push_back(std::move(*opened));
    else
      refusal = opened.error();
  } else {
    events = decide_all(std::get<std::vector<WalletChange>>(work.change), refusal);
  }
  if (refusal)
    return node_->answer(work.correlation, *refusal);
  for (std::size_t i = 0; i < events.size(); ++i) {
    auto entry = std::make_shared<LaneEntry>();
    entry->record = std::make_shared<Record>();
    entry->record->kind = RecordKind::wallet_changed;
    entry->record->id = {wallet_.id.uuid};
    entry->record->shard = shard_of(wallet_.id, node_->settings.shard_count);
    entry->record->add_leg(wallet_.id, events[i]);
    entry->wallets[0] = durable_;
    entry->correlation = i + 1 == events.size() ? work.correlation : 0;
    dompet::apply(wallet_, events[i]);
    append(std::move(entry));
  }
}

// --- stopping ---

void WalletKeeper::quiesce() {
  const bool idle = under_way_.empty() && durable_->pending == 0;
  self_->send(node_->shard_of_wallet(wallet_.id), WalletQuiesced{wallet_.id, idle, generation_});
  if (idle)
    self_->quit();
}

void WalletKeeper::abandon() {
  for (const TransferPtr& transfer : under_way_)
    node_->answer(transfer->correlation, NotNow{false, interrupted_sentence});
  under_way_.clear();
  self_->quit();
}

WalletActor::behavior_type wallet_actor(WalletActor::stateful_pointer<std::unique_ptr<WalletKeeper>> self, NodePtr node,
                                        DurableWalletPtr durable, std::uint64_t generation) {
  self->state = std::make_unique<WalletKeeper>(self, std::move(node), std::move(durable), generation);
  self->set_exception_handler(log_crash);
  return {
      [self](const AcceptTopup& work) { self->state->accept(work); },
      [self](const BeginTransfer& work) { self->state->begin(work); },
      [self](const FinishTransfer& work) { self->state->finish(work); },
      [self](const ChangeWallet& work) { self->state->change(work); },
      [self](const DecideCredit& work) { self->state->decide_credit(work); },
      [self](const FinishHold& work) { self->state->finish_hold(work); },
      [self](const Probe& work) { self->state->probe(work); },
      [self](const TransferAppended& message) { self->state->on_appended(message.transfer); },
      [self](const TransferNotAppended& message) { self->state->on_not_appended(message); },
      [self](const ProbeReturned& message) { self->state->on_probe_returned(message.transfer); },
      [self](const PeerCrashed& message) { self->state->on_peer_crashed(message.wallet); },
      [self](const Quiesce&) { self->state->quiesce(); },
      [self](const Abandon&) { self->state->abandon(); },
  };
}

}  // namespace dompet
