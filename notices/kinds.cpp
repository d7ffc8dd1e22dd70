#include "notices/kinds.hpp"

#include <algorithm>

#include "domain/ensure.hpp"

namespace dompet {

namespace {

constexpr NoticeSwitch switches[]{
    {"wallets", "wallets that are opened, frozen, unfrozen or closed"},
    {"topups", "money that you bring in"},
    {"payments", "what you pay, and what your merchants are paid"},
    {"transfers", "transfers from and to you"},
    {"withdrawals", "money that you have paid out"},
    {"refunds", "payments that are given back"},
    {"merchants", "your merchants and their status"},
    {"documents", "your merchants' documents and their status"},
};

constexpr bool with_code = true;

constexpr NoticeKind kinds[]{
    {"registered", "", with_code},
    {"verify_email", "", with_code},
    {"email_verified"},
    {"password_reset", "", with_code},
    {"password_changed"},

    {"wallet_opened", "wallets"},
    {"wallet_frozen", "wallets"},
    {"wallet_unfrozen", "wallets"},
    {"wallet_closed", "wallets"},
    {"topup_completed", "topups"},
    {"topup_failed", "topups"},
    {"payment_authorized", "payments"},
    {"payment_sent", "payments"},
    {"payment_received", "payments"},
    {"payment_voided", "payments"},
    {"payment_failed", "payments"},
    {"transfer_sent", "transfers"},
    {"transfer_received", "transfers"},
    {"transfer_failed", "transfers"},
    {"withdrawal_pending", "withdrawals"},
    {"withdrawal_completed", "withdrawals"},
    {"withdrawal_failed", "withdrawals"},
    {"refund_sent", "refunds"},
    {"refund_received", "refunds"},

    {"merchant_created", "merchants"},
    {"merchant_status", "merchants"},
    {"document_created", "documents"},
    {"document_status", "documents"},
};

}  // namespace

std::span<const NoticeSwitch> notice_switches() { return switches; }

std::span<const NoticeKind> notice_kinds() { return kinds; }

const NoticeKind& notice_kind(std::string_view name) {
  const auto found = std::ranges::find(kinds, name, &NoticeKind::name);
  ensure(found != std::end(kinds), "a notice is one of the table's");
  return *found;
}

}  // namespace dompet
