#include "actors/shard.hpp"

// ShardKeeper's part of the life of payments: their time ends, whoever has the shard by then. What is open is on
// record, so that a restart or a change of hands loses nothing; the payer's wallet gives the rest back, once.

namespace dompet {

void ShardKeeper::look_for_expired() {
  if (!is_served() || is_releasing() || !expiry_.may_look())
    return;
  const auto lifetime = std::chrono::duration_cast<std::chrono::milliseconds>(node_->settings.authorization_lifetime);
  const std::int64_t begun_before_ms = node_->unix_ms() - lifetime.count();
  const TransactionId after = expiry_.look(begun_before_ms);
  const bool queued = node_->pool_of(shard_).scan(
      [self = ShardActor{self_}, shard = shard_, tenure = tenure_, begun_before_ms, after](RecoveryStore& store) {
        caf::anon_send(
            self, ExpiredFound{tenure, store.authorizations_before(shard, begun_before_ms, after, ExpiryWalk::page)});
      },
      [self = ShardActor{self_}, tenure = tenure_](const std::string&, bool) {
        caf::anon_send(self, ExpiredFound{tenure, {}, true});
      });
  if (!queued)
    expiry_.fail();
}

/// A wallet that cannot do it now is asked again by a later look.
void ShardKeeper::on_expired_found(const ExpiredFound& found) {
  if (found.tenure != tenure_)
    return;
  if (found.failed)
    return expiry_.fail();
  const std::int64_t now_ms = node_->unix_ms();
  if (is_served() && !is_releasing())
    for (const ExpiredPayment& payment : found.payments)
      if (payment.expires_at_ms <= now_ms)
        deliver(payment.wallet, ExpirePayment{payment.id});
  const bool goes_on =
      expiry_.arrive(found.payments.size(), found.payments.empty() ? TransactionId{} : found.payments.back().id);
  if (goes_on)
    look_for_expired();
}

}  // namespace dompet
