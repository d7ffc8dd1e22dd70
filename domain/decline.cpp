#include "domain/decline.hpp"

#include <array>

namespace dompet {

namespace {

struct Words {
  Decline decline;
  std::string_view code;
  std::string_view sentence;
};

constexpr std::array words{
    Words{Decline::wallet_not_found, "wallet_not_found", "There is no such wallet."},
    Words{Decline::wallet_closed, "wallet_closed", "The wallet is closed."},
    Words{Decline::wallet_frozen, "wallet_frozen", "The wallet is frozen."},
    Words{Decline::currency_mismatch, "currency_mismatch",
          "The wallet holds another currency: a transfer between two currencies needs the quote_id of an FX quote for "
          "them."},
    Words{Decline::same_wallet, "same_wallet", "Source and destination are the same wallet."},
    Words{Decline::transaction_limit_exceeded, "transaction_limit_exceeded",
          "The amount is over the wallet's limit for one transaction."},
    Words{Decline::insufficient_funds, "insufficient_funds", "The available balance does not cover the amount."},
    Words{Decline::maximum_balance_exceeded, "maximum_balance_exceeded",
          "The wallet would hold more than its maximum balance."},
    Words{Decline::balance_overflow, "balance_overflow", "The balance would be larger than can be counted."},
    Words{Decline::hold_not_found, "hold_not_found", "There is no such hold."},
    Words{Decline::hold_exceeded, "hold_exceeded", "The amount is more than the hold has left."},
    Words{Decline::wallet_not_empty, "wallet_not_empty", "Only an empty wallet can be closed."},
    Words{Decline::wallet_has_holds, "wallet_has_holds", "A wallet with holds cannot be closed."},
    Words{Decline::already_exists, "already_exists", "It exists already."},
    Words{Decline::cancelled, "cancelled", "The transfer was cancelled before the destination accepted it."},
    Words{Decline::card_blocked, "card_blocked", "The card is frozen or was deleted."},
    Words{Decline::daily_limit_exceeded, "daily_limit_exceeded", "The amount is over what may still leave today."},
    Words{Decline::weekly_limit_exceeded, "weekly_limit_exceeded",
          "The amount is over what may still leave this week."},
    Words{Decline::monthly_limit_exceeded, "monthly_limit_exceeded",
          "The amount is over what may still leave this month."},
    Words{Decline::payment_not_open, "payment_not_open",
          "The payment has no authorization left: it was captured, voided or expired, or never had one."},
    Words{Decline::refund_exceeded, "refund_exceeded", "The refund is more than was captured and not refunded yet."},
    Words{Decline::provider_refused, "provider_refused", "The payment provider refused."},
    Words{Decline::converts_to_nothing, "converts_to_nothing",
          "Converted, the amount is less than the smallest unit of the other currency."},
    Words{Decline::rate_expired, "rate_expired",
          "The transaction waited so long to be looked at that the rate of its conversion is too old."},
    Words{Decline::risk_blocked, "risk_blocked", "The transaction was refused for security reasons."},
    Words{Decline::risk_rejected, "risk_rejected",
          "The transaction was looked at for security reasons and not approved."},
    Words{Decline::forbidden, "forbidden", "A limit is raised, or taken away, with the permission wallets:limits:any."},
    Words{Decline::invoice_paid, "invoice_paid", "The invoice is paid already."},
    Words{Decline::invoice_expired, "invoice_expired", "The time to pay the invoice is over."},
    Words{Decline::too_many_paid_invoices, "too_many_paid_invoices",
          "The merchant's wallet has as many paid invoices as it can remember until they are over."},
};

const Words& find(Decline decline) {
  for (const Words& row : words)
    if (row.decline == decline)
      return row;
  return words.front();
}

}  // namespace

std::string_view code(Decline decline) { return find(decline).code; }

std::string_view sentence(Decline decline) { return find(decline).sentence; }

std::optional<Decline> decline_of(std::uint8_t number) {
  for (const Words& row : words)
    if (static_cast<std::uint8_t>(row.decline) == number)
      return row.decline;
  return std::nullopt;
}

}  // namespace dompet
