#pragma once

#include <optional>
#include <string>
#include <variant>

#include "domain/wallet.hpp"

/// What a wallet said to a command, in words: a test's expectation and a failure's report read the same.
namespace dompet::outcome {

inline std::string words(Minor amount) { return std::to_string(amount); }
inline std::string words(const std::optional<Minor>& limit) { return limit ? std::to_string(*limit) : "none"; }

inline std::string words(const WalletOpened& event) { return "opened " + event.name; }
inline std::string words(const NameChanged& event) { return "renamed " + event.name; }
inline std::string words(const LimitsChanged& event) {
  return "limits " + words(event.limits.per_transaction) + ' ' + words(event.limits.maximum_balance) + ' ' +
         words(event.limits.credit_limit);
}
inline std::string words(const WalletFrozen&) { return "frozen"; }
inline std::string words(const WalletUnfrozen&) { return "unfrozen"; }
inline std::string words(const WalletClosed&) { return "closed"; }
inline std::string words(const Credited& event) { return "credited " + words(event.amount); }
inline std::string words(const TransferredOut& event) { return "transferred out " + words(event.amount); }
inline std::string words(const HoldPlaced& event) { return "held " + words(event.amount); }
inline std::string words(const HoldCaptured& event) { return "captured " + words(event.amount); }
inline std::string words(const HoldReleased& event) { return "released " + words(event.amount); }
inline std::string words(const HoldIncreased& event) { return "increased by " + words(event.amount); }
inline std::string words(const CaptureReserved& event) {
  return "reserved " + words(event.amount) + " rest " + words(event.rest);
}
inline std::string words(const CaptureSettled& event) {
  return "settled " + words(event.amount) + " released " + words(event.released);
}
inline std::string words(const CaptureReturned& event) { return "returned " + words(event.amount); }
inline std::string words(const AuthorizationCaptured& event) {
  return "captured " + words(event.amount) + " released " + words(event.released);
}
inline std::string words(const PaymentVoided& event) { return "voided " + words(event.amount); }
inline std::string words(const CardBlocked&) { return "card blocked"; }
inline std::string words(const CardAllowed&) { return "card allowed"; }
inline std::string words(const Event& event) {
  return std::visit([](const auto& fact) { return words(fact); }, event);
}

template <class Fact>
std::string words(const Decided<Fact>& decided) {
  return decided ? words(*decided) : std::string{code(decided.error())};
}

}  // namespace dompet::outcome
