#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "http/problem.hpp"
#include "http/services.hpp"
#include "persistence/saga_desk.hpp"

namespace dompet::http {

std::string_view name_of(SagaOrder order);

/// What an operator wants of one transfer's coordinator.
struct OrderWish {
  TransactionId saga{};
  SagaOrder order = SagaOrder::retry;
  std::string who{};
  std::string why{};
  /// The bulk job that it belongs to; nil when it stands alone.
  Uuid job{};
};

struct OrderOutcome {
  bool accepted = false;
  SagaState state = SagaState::none;
  /// What happens now, or why it was not taken.
  std::string sentence{};
  /// When it was not taken: for the client.
  Problem problem{};
};

/// Audits the order, gives it to the transfer's owner on whatever node, and says what came of it; then also on record,
/// when it was not taken. An order never writes the ledger: a cancellation is a request, and the money comes back only
/// with the destination's word (protocol 5.5). `done` is called once, on the io thread. Io thread.
void give_order(Services& services, OrderWish wish, std::function<void(const OrderOutcome&)> done);

}  // namespace dompet::http
