#include "domain/review.hpp"

#include <algorithm>

namespace dompet {

namespace {

std::int64_t rate_too_old_at(const Transaction& transaction, std::int64_t most_age_ms) {
  if (transaction.kind != TransactionKind::capture)
    return transaction.fx->rate_at_ms + most_age_ms;
  return std::max(transaction.expires_at_ms, unix_ms_of(transaction.id.uuid) + most_age_ms);
}

}  // namespace

ReviewEnd end_of_review(const Transaction& transaction, const ReviewBounds& bounds) {
  ReviewEnd end{.at_ms = unix_ms_of(transaction.id.uuid) + bounds.most_wait_ms};
  if (transaction.bill)
    end.at_ms = std::min(end.at_ms, transaction.bill->terms.expires_at_ms);
  if (!transaction.fx)
    return end;
  const std::int64_t too_old_ms = rate_too_old_at(transaction, bounds.most_rate_age_ms);
  return too_old_ms < end.at_ms ? ReviewEnd{too_old_ms, Decline::rate_expired} : end;
}

}  // namespace dompet
