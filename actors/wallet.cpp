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

void WalletKeeper::append_leg(const Transfer& transfer, RecordKind kind, const Event& event) {
  dompet::apply(wallet_, event);
  LaneEntryPtr entry = new_entry(transfer, kind);
  if (transfer.stamp != Stamp{})
    entry->record->stamp = transfer.stamp;
  entry->record->risk = transfer.risk;
  entry->record->add_leg(wallet_.id, event);
  entry->wallets[0] = durable_;
  entry->correlation = transfer.correlation;
  append(std::move(entry));
}

LaneEntryPtr WalletKeeper::declined_entry(const Transfer& transfer, Decline decline,
                                          const DurableWalletPtr& decided_on) {
  LaneEntryPtr entry = new_entry(transfer, RecordKind::declined);
  entry->record->decline = decline;
  entry->record->stamp = transfer.stamp;
  entry->record->risk = transfer.risk;
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

/// With a provider that must say first that the money came, the wallet only says whether it would take it.
void WalletKeeper::accept(const AcceptTopup& work) {
  const Transfer& transfer = *work.transfer;
  const Transaction& request = *transfer.transaction;
  if (!can_assess(work.transfer))
    return;
  const auto credited = decide(wallet_, Credit{request.id, request.currency, request.amount, transfer.on_behalf_of});
  if (!credited)
    return decline(transfer, credited.error());
  if (!passes_rules(*work.transfer))
    return;
  // What an officer lets go on is asked of the provider, also where other top-ups are credited at once.
  if (awaits_review(transfer.risk) && node_->provider == nullptr)
    return turn_down(transfer, not_now(no_provider_sentence));
  if (node_->settings.topups_ask_provider || awaits_review(transfer.risk))
    return append_begun(work.transfer);
  append_leg(transfer, RecordKind::topup, *credited);
}

std::vector<Event> WalletKeeper::decide_all(const ChangeWallet& work, std::optional<Decline>& refusal) const {
  if (!may_use(wallet_, work.on_behalf_of)) {
    refusal = Decline::wallet_not_found;
    return {};
  }
  Wallet trial = wallet_;
  std::vector<Event> events;
  for (const WalletChange& change : std::get<std::vector<WalletChange>>(work.change)) {
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
    events = decide_all(work, refusal);
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
  const bool idle =
      under_way_.empty() && settling_.empty() && refunds_.empty() && risk_.waiting.empty() && durable_->pending == 0;
  self_->send(node_->shard_of_wallet(wallet_.id), WalletQuiesced{wallet_.id, idle, generation_});
  if (idle)
    self_->quit();
}

void WalletKeeper::abandon() {
  for (const TransferPtr& transfer : under_way_)
    node_->answer(transfer->correlation, NotNow{false, interrupted_sentence});
  for (const Refund& refund : refunds_)
    if (!refund.is_decided)
      node_->answer(refund.transfer->correlation, NotNow{false, interrupted_sentence});
  for (const TransferPtr& transfer : risk_.waiting)
    node_->answer(transfer->correlation, NotNow{false, interrupted_sentence});
  risk_ = {};
  under_way_.clear();
  settling_.clear();
  refunds_.clear();
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
      [self](const FinishSaga& work) { self->state->finish_saga(work); },
      [self](const ExpirePayment& work) { self->state->expire(work); },
      [self](const Probe& work) { self->state->probe(work); },
      [self](const TransferAppended& message) { self->state->on_appended(message.transfer); },
      [self](const TransferInLane& message) { self->state->on_in_lane(message.transfer); },
      [self](const RefundableRead& message) { self->state->on_refundable(message); },
      [self](const RecentMovementsRead& message) { self->state->on_movements(message); },
      [self](const OtherOwnerRead& message) { self->state->on_other_owner(message); },
      [self](const TransferNotAppended& message) { self->state->on_not_appended(message); },
      [self](const ProbeReturned& message) { self->state->on_probe_returned(message.transfer); },
      [self](const PeerCrashed& message) { self->state->on_peer_crashed(message.wallet); },
      [self](const Quiesce&) { self->state->quiesce(); },
      [self](const Abandon&) { self->state->abandon(); },
  };
}

}  // namespace dompet
