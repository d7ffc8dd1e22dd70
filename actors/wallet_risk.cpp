#include <algorithm>
#include <chrono>

#include "actors/not_now.hpp"
#include "actors/wallet.hpp"
#include "domain/risk_increment.hpp"

// WalletKeeper's side of risk rules: they are asked in the moment of the decision, behind the wallet's own rules and
// before anything is set aside. What a rule must know beside the request (what left the wallet lately, whose the other
// wallet is) is read first, on a thread of the pool, while the request waits.

namespace dompet {

namespace {

RiskMovement movement_of(const Transaction& request) {
  return {request.id, request.kind, request.currency, request.amount};
}

/// Of an increment: what its payment came to before.
Minor authorized_before(const Wallet& wallet, const Transaction& request) {
  const Hold* hold = request.kind == TransactionKind::increment ? wallet.find_hold(request.parent) : nullptr;
  return hold == nullptr ? 0 : hold->authorized;
}

/// Requests do not come in the order of the times in their ids; so much earlier ones find what they need too.
constexpr std::int64_t order_margin_ms = 10'000;

}  // namespace

/// Fails closed: without fresh rules, or without what they look at, nothing is done. That none of them was enabled is
/// believed for longer, but not for ever: another node may have enabled one since.
bool WalletKeeper::can_assess(const TransferPtr& transfer) {
  if (node_->risk.is_stale(node_->boottime_ms(), node_->settings)) {
    turn_down(*transfer, risk_unavailable());
    return false;
  }
  risk_.rules = node_->risk.is_judging() ? node_->risk.rules() : nullptr;
  if (risk_.is_known && risk_.reading == 0 && (!risk_.rules || longest_window_ms(*risk_.rules) == 0))
    risk_.drop();
  if (!risk_.rules)
    return true;
  const RiskNeeds needs = needs_of(*risk_.rules, *transfer->transaction);
  if (!needs.is_looked_at)
    return true;
  if (needs.other_owner && !transfer->other_owner)
    transfer->other_owner = node_->risk.owner_of(transfer->transaction->destination);
  const std::int64_t since_ms = unix_ms_of(transfer->transaction->id.uuid) - needs.window_ms;
  const bool lacks_movements = needs.window_ms > 0 && !risk_.covers(since_ms);
  const bool lacks_owner = needs.other_owner && !transfer->other_owner;
  if (!lacks_movements && !lacks_owner)
    return true;
  wait_for_facts(transfer, needs);
  return false;
}

void WalletKeeper::wait_for_facts(const TransferPtr& transfer, const RiskNeeds& needs) {
  if (risk_.waiting.size() >= node_->settings.stash_limit)
    return turn_down(*transfer, not_now(busy_sentence));
  risk_.waiting.push_back(transfer);
  if (needs.other_owner && !transfer->other_owner)
    return read_other_owner(transfer);
  if (risk_.reading == 0)
    read_movements(unix_ms_of(transfer->transaction->id.uuid) - longest_window_ms(*risk_.rules) - order_margin_ms);
}

/// What is under way is known here and noted; everything else that this wallet decided is durable once the barrier is,
/// and in what is read behind it. What is decided meanwhile is noted too.
void WalletKeeper::read_movements(std::int64_t since_ms) {
  risk_.reading = ++risk_.last_reading;
  for (const TransferPtr& transfer : under_way_)
    if (is_counted_by_velocity(transfer->transaction->kind))
      risk_.note(movement_of(*transfer->transaction));
  const auto read = [node = node_, self = WalletActor{self_}, wallet = wallet_.id,
                     shard = node_->shard_of_id(wallet_.id), reading = risk_.reading, since_ms] {
    const auto failed = [self, reading](const std::string& reason, bool) {
      caf::anon_send(self, RecentMovementsRead{.reading = reading, .failure = reason});
    };
    const bool queued = node->pool_of(shard).read(
        [self, wallet, reading, since_ms](RecoveryStore& store) {
          constexpr int limit = static_cast<int>(most_remembered_movements);
          caf::anon_send(self,
                         RecentMovementsRead{reading, store.movements_since(wallet, since_ms, limit), since_ms, {}});
        },
        failed);
    if (!queued)
      failed(busy_sentence, false);
  };
  if (durable_->pending == 0)
    return read();
  auto barrier = std::make_shared<LaneEntry>();
  barrier->when_durable = [read](const RecordPtr&) { read(); };
  append(std::move(barrier));
}

void WalletKeeper::on_movements(const RecentMovementsRead& read) {
  if (read.reading != risk_.reading)
    return;
  risk_.reading = 0;
  const std::vector<TransferPtr> waiting = std::exchange(risk_.waiting, {});
  if (!read.failure.empty()) {
    risk_.drop();
    for (const TransferPtr& transfer : waiting)
      turn_down(*transfer, risk_unavailable());
    return;
  }
  const std::vector<RiskMovement> meanwhile = std::exchange(risk_.movements, {});
  risk_.is_known = true;
  risk_.is_cut = read.recent.is_cut;
  risk_.since_ms = read.since_ms;
  for (auto movement = read.recent.movements.rbegin(); movement != read.recent.movements.rend(); ++movement)
    risk_.note(*movement);
  for (const RiskMovement& movement : meanwhile)
    risk_.merge(movement);
  for (const TransferPtr& transfer : waiting)
    begin_again(transfer);
}

void WalletKeeper::read_other_owner(const TransferPtr& transfer) {
  const WalletId& other = transfer->transaction->destination;
  const WalletActor self{self_};
  const bool queued = node_->pool_of(transfer->destination_shard)
                          .read(
                              [self, node = node_, transfer, other](RecoveryStore& store) {
                                const auto owner = store.owner_of(other);
                                // A wallet that is not there may be opened yet.
                                if (owner)
                                  node->risk.note_owner(other, *owner);
                                transfer->other_owner = owner.value_or(UserId{});
                                caf::anon_send(self, OtherOwnerRead{transfer, {}});
                              },
                              [self, transfer](const std::string& reason, bool) {
                                caf::anon_send(self, OtherOwnerRead{transfer, reason});
                              });
  if (!queued)
    caf::anon_send(self, OtherOwnerRead{transfer, busy_sentence});
}

void WalletKeeper::on_other_owner(const OtherOwnerRead& read) {
  if (std::erase(risk_.waiting, read.transfer) == 0)
    return;
  if (read.failure.empty())
    begin_again(read.transfer);
  else
    turn_down(*read.transfer, risk_unavailable());
}

void WalletKeeper::begin_again(const TransferPtr& transfer) {
  if (transfer->transaction->kind == TransactionKind::topup)
    accept(AcceptTopup{transfer});
  else
    begin(BeginTransfer{transfer});
}

bool WalletKeeper::passes_rules(Transfer& transfer) {
  const Transaction& request = *transfer.transaction;
  if (risk_.rules) {
    const auto begun = std::chrono::steady_clock::now();
    const RiskFacts facts{.transaction = request,
                          .owner = wallet_.owner,
                          .other_owner = transfer.other_owner.value_or(UserId{}),
                          .movements = risk_.movements,
                          .is_cut = risk_.is_cut};
    transfer.risk = assess(*risk_.rules, facts, authorized_before(wallet_, request));
    if (transfer.risk) {
      transfer.risk->asked_by = transfer.asked_by;
      node_->risk.count(*transfer.risk, std::chrono::steady_clock::now() - begun);
    }
  }
  if (transfer.risk && transfer.risk->action == RiskAction::block) {
    decline(transfer, Decline::risk_blocked);
    return false;
  }
  if (risk_.is_kept() && is_counted_by_velocity(request.kind))
    risk_.note(movement_of(request));
  return true;
}

}  // namespace dompet
