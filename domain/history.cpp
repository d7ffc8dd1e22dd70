#include "domain/history.hpp"

#include "domain/ensure.hpp"

namespace dompet {

void extend(WalletHistory& history, Leg& leg) {
  dompet::apply(history.wallet, leg.event);
  leg.seq = ++history.seq;
  leg.available_after = history.wallet.available;
  leg.held_after = history.wallet.held;
}

bool replay(WalletHistory& history, const Leg& leg) {
  if (leg.seq != history.seq + 1 || leg.wallet != history.wallet.id)
    return false;
  try {
    dompet::apply(history.wallet, leg.event);
  } catch (const Bug&) {
    return false;
  }
  history.seq = leg.seq;
  history.digest = leg.digest;
  return history.wallet.available == leg.available_after && history.wallet.held == leg.held_after &&
         within_bounds(history.wallet);
}

}  // namespace dompet
