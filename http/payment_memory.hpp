#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>

#include "domain/record.hpp"

namespace dompet::http {

/// The payments that this node had to do with last: what an increment, a capture, a void or a refund must know of its
/// payment (whose wallet, which merchant's), so that most of them need no query. A payment's transaction never changes,
/// so an entry is never wrong. Bounded: the one that was not used for longest goes. Io thread only.
class PaymentMemory {
 public:
  using Payment = std::shared_ptr<const Transaction>;

  explicit PaymentMemory(std::size_t most) : most_(most) {}

  void remember(Payment payment) {
    const TransactionId id = payment->id;
    if (const auto known = places_.find(id); known != places_.end())
      payments_.erase(known->second);
    payments_.push_front(std::move(payment));
    places_[id] = payments_.begin();
    if (payments_.size() <= most_)
      return;
    places_.erase(payments_.back()->id);
    payments_.pop_back();
  }

  /// Null when it is not known here.
  Payment recall(const TransactionId& id) {
    const auto known = places_.find(id);
    if (known == places_.end())
      return nullptr;
    payments_.splice(payments_.begin(), payments_, known->second);
    return payments_.front();
  }

  std::size_t size() const { return payments_.size(); }

 private:
  std::size_t most_;
  /// The one used last is first.
  std::list<Payment> payments_{};
  std::unordered_map<TransactionId, std::list<Payment>::iterator> places_{};
};

}  // namespace dompet::http
