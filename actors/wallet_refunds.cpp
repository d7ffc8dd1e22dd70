#include <algorithm>

#include "actors/not_now.hpp"
#include "actors/wallet.hpp"

// WalletKeeper's side of refunds: they leave the merchant's wallet, and of one payment never more than it got by it.
// Why that holds is in the README.

namespace dompet {

namespace {

const TransactionId& payment_of(const TransferPtr& refund) { return refund->transaction->parent; }

/// What the wallet got by the payment is read behind everything that it appended, on a thread of the pool.
void read_refundable(Node& node, const WalletActor& asker, const TransferPtr& transfer) {
  const Transaction& request = *transfer->transaction;
  const bool queued =
      node.pool_of(transfer->source_shard)
          .read(
              [asker, transfer, payment = request.parent, wallet = request.source](RecoveryStore& store) {
                caf::anon_send(asker, RefundableRead{transfer, store.refundable(payment, wallet), {}});
              },
              [asker, transfer](const std::string& reason, bool) {
                caf::anon_send(asker, RefundableRead{transfer, {}, reason});
              });
  if (!queued)
    caf::anon_send(asker, RefundableRead{transfer, {}, busy_sentence});
}

/// A refund names what the payer gets; the merchant's own side is known only now.
std::shared_ptr<const Transaction> with_share(const Transaction& request, const RefundShare& share) {
  auto decided = std::make_shared<Transaction>(request);
  decided->amount = share.from_merchant;
  if (decided->fx)
    decided->fx->amount = share.to_payer;
  return decided;
}

}  // namespace

void WalletKeeper::refund(const TransferPtr& transfer) {
  if (refunds_.size() >= node_->settings.stash_limit)
    return turn_down(*transfer, not_now(busy_sentence));
  const bool must_wait = std::ranges::any_of(
      refunds_, [&](const Refund& other) { return payment_of(other.transfer) == payment_of(transfer); });
  refunds_.push_back({transfer});
  if (!must_wait)
    look_up_refundable(transfer);
}

/// The barrier stands in the lane behind all that this wallet, or another one for it, appended: once it is durable the
/// ledger shows every refund that was decided. If it is lost, so is this actor's memory.
void WalletKeeper::look_up_refundable(const TransferPtr& transfer) {
  auto barrier = std::make_shared<LaneEntry>();
  barrier->when_durable = [node = node_, self = WalletActor{self_}, transfer](const RecordPtr&) {
    read_refundable(*node, self, transfer);
  };
  append(std::move(barrier));
}

void WalletKeeper::on_refundable(const RefundableRead& read) {
  const TransferPtr& transfer = read.transfer;
  const auto place = std::ranges::find(refunds_, transfer, &Refund::transfer);
  if (place == refunds_.end() || place->is_decided)
    return;
  place->is_decided = true;
  const Transaction& request = *transfer->transaction;
  const auto share = share_of(read.refundable, credit_of(request).amount);
  if (!read.failure.empty()) {
    turn_down(*transfer, not_now(read.failure));
  } else if (!share) {
    decline(*transfer, share.error());
  } else {
    if (credit_of(request).amount == 0 || request.fx)
      transfer->transaction = with_share(request, *share);
    if (const auto hold = decide_hold(*transfer)) {
      dompet::apply(wallet_, *hold);
      send_on(transfer);
    }
  }
  if (std::ranges::find(under_way_, transfer) == under_way_.end())
    next_refund(transfer);
}

void WalletKeeper::next_refund(const TransferPtr& done) {
  if (std::erase_if(refunds_, [&](const Refund& refund) { return refund.transfer == done; }) == 0)
    return;
  const auto next = std::ranges::find_if(
      refunds_, [&](const Refund& other) { return payment_of(other.transfer) == payment_of(done); });
  if (next != refunds_.end())
    look_up_refundable(next->transfer);
}

}  // namespace dompet
