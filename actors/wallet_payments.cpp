#include <algorithm>

#include "actors/not_now.hpp"
#include "actors/wallet.hpp"

// WalletKeeper's side of payments with manual capture: authorize, increment, capture, void and expiry, all of them
// decided by the payer's wallet.

namespace dompet {

namespace {

constexpr const char* review_of_capture_text = "The payment was authorized for review";
constexpr const char* captured_now_sentence = "A capture of this payment is under way. Nothing was done; try again.";

std::shared_ptr<const Transaction> with_amount(const Transaction& request, Minor amount) {
  auto decided = std::make_shared<Transaction>(request);
  decided->amount = amount;
  return decided;
}

/// Of a converted payment: what the merchant gets by a capture of so much, by the payment's rate. Each capture is
/// rounded down by itself, so that all together never come to more than the payment was worth.
Minor converted(const Transaction& capture, Minor amount) {
  return convert(amount, capture.fx->rate, capture.currency, capture.fx->currency).value_or(0);
}

/// Names the end of a payment: of now, and by its tail of that payment. A payment that a returned capture opened again
/// ends once more, perhaps in the same millisecond: the place in the wallet's history (`seq`, `nth` of this actor)
/// tells the two apart.
TransactionId id_of_end(const TransactionId& payment, std::int64_t now_ms, std::uint64_t seq, std::uint64_t nth) {
  std::array<std::uint8_t, 10> tail{};
  std::copy_n(payment.uuid.bytes.begin() + 6, tail.size(), tail.begin());
  for (std::size_t i = 0; i < 4; ++i)
    tail[4 + i] ^= static_cast<std::uint8_t>(seq >> (8 * i));
  for (std::size_t i = 0; i < 2; ++i)
    tail[8 + i] ^= static_cast<std::uint8_t>(nth >> (8 * i));
  return {make_uuid_v7(now_ms, tail)};
}

}  // namespace

void WalletKeeper::authorize(const TransferPtr& transfer) {
  auto hold = decide_hold(*transfer, /*authorization=*/true);
  if (!hold || !passes_rules(*transfer))
    return;
  hold->is_to_be_reviewed = awaits_review(transfer->risk);
  append_leg(*transfer, RecordKind::payment_authorized, *hold);
}

/// What is taken from the payment's hold becomes the capture's own, so that nothing else can take it while the
/// merchant's wallet is asked.
void WalletKeeper::capture(const TransferPtr& transfer) {
  const Transaction& request = *transfer->transaction;
  if (request.currency != wallet_.currency)
    return decline(*transfer, Decline::currency_mismatch);
  if (request.destination == wallet_.id)
    return decline(*transfer, Decline::same_wallet);
  auto reserved = decide(wallet_, ReserveCapture{request.parent, request.id,
                                                 request.amount == 0 ? std::nullopt : std::optional{request.amount},
                                                 request.final_capture});
  if (!reserved)
    return decline(*transfer, reserved.error());
  if (request.fx)
    reserved->converted = converted(request, reserved->amount);
  if (request.fx && reserved->converted == 0)
    return decline(*transfer, Decline::converts_to_nothing);
  // An authorization only sets aside, as a review does: what an officer must look at is what is captured.
  if (const Hold* hold = wallet_.find_hold(request.parent); hold->is_to_be_reviewed)
    transfer->risk = Assessment{.action = RiskAction::review,
                                .reasons = {{"authorization", review_of_capture_text}},
                                .asked_by = transfer->asked_by};
  dompet::apply(wallet_, *reserved);
  transfer->rest = reserved->rest;
  if (request.fx) {
    auto decided = std::make_shared<Transaction>(request);
    decided->amount = reserved->amount;
    decided->fx->amount = reserved->converted;
    transfer->transaction = std::move(decided);
  } else if (request.amount != reserved->amount) {
    transfer->transaction = with_amount(request, reserved->amount);
  }
  send_on(transfer);
}

/// An increment dates the whole hold anew, so that it must know what belongs to the hold: not while a capture is under
/// way, which may come back to it.
void WalletKeeper::increase(const TransferPtr& asked) {
  Transfer& transfer = *asked;
  const Transaction& request = *transfer.transaction;
  if (request.currency != wallet_.currency)
    return decline(transfer, Decline::currency_mismatch);
  if (std::ranges::find(wallet_.holds, request.parent, &Hold::parent) != wallet_.holds.end())
    return turn_down(transfer, not_now(captured_now_sentence));
  if (!can_assess(asked))
    return;
  auto increased = decide(wallet_, IncreaseHold{request.parent, request.amount, spending_of(request.kind)});
  if (!increased)
    return decline(transfer, increased.error());
  if (!passes_rules(transfer))
    return;
  increased->is_to_be_reviewed = awaits_review(transfer.risk);
  append_leg(transfer, RecordKind::payment_incremented, *increased);
}

void WalletKeeper::give_up(Transfer& transfer) {
  const Transaction& request = *transfer.transaction;
  const auto voided = decide(wallet_, VoidPayment{request.parent});
  if (!voided)
    return decline(transfer, voided.error());
  transfer.transaction = with_amount(request, voided->amount);
  append_leg(transfer, RecordKind::payment_voided, *voided);
}

/// Whoever looked for it may look again before this is durable: then nothing is left, and nothing happens.
void WalletKeeper::expire(const ExpirePayment& work) {
  const auto voided = decide(wallet_, VoidPayment{work.payment});
  if (!voided)
    return;
  auto end = std::make_shared<Transaction>();
  end->id = id_of_end(work.payment, node_->unix_ms(), durable_->read().seq, ++ended_payments_);
  end->kind = TransactionKind::void_payment;
  end->currency = wallet_.currency;
  end->amount = voided->amount;
  end->source = wallet_.id;
  end->parent = work.payment;
  dompet::apply(wallet_, *voided);
  Transfer transfer;
  transfer.transaction = std::move(end);
  transfer.source_shard = node_->shard_of_id(wallet_.id);
  LaneEntryPtr entry = new_entry(transfer, RecordKind::payment_voided);
  entry->record->decline = Decline::cancelled;
  entry->record->add_leg(wallet_.id, *voided);
  entry->wallets[0] = durable_;
  entry->when_durable = [node = node_](const RecordPtr&) { node->counters.expired_payments += 1; };
  append(std::move(entry));
}

}  // namespace dompet
