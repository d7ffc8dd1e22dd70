#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "cli/load/random.hpp"
#include "cli/load/request_template.hpp"
#include "cli/load/wallets.hpp"
#include "cli/load/workload.hpp"

namespace dompet::cli {

/// Payments of a merchant, each in two requests: `POST /v1/payments` with manual capture, then, once it is authorized,
/// `POST /v1/payments/{id}/capture` of all of it. An operation is a pair; an authorization alone counts nowhere.
/// Captures go before new authorizations, so that few payments are open at a time.
class PaymentPairs : public Workload {
 public:
  /// Payers are all wallets of the book, which the token of `common` must allow to use; `merchant` is who is paid.
  PaymentPairs(const RequestTemplate::Common& common, const WalletBook& book, const std::string& merchant,
               std::uint64_t run);

  bool next(Shot& shot) override;
  void answered(const Shot& shot, const Response& response, Verdicts& verdicts) override;

 private:
  void authorize(Shot& shot);
  void capture(Shot& shot, const IdText& payment);

  RequestTemplate authorization_;
  RequestTemplate capture_;
  std::size_t authorization_key_at_;
  std::size_t payer_at_;
  std::size_t amount_at_;
  std::size_t capture_key_at_;
  std::size_t payment_at_;
  const WalletBook& book_;
  Random random_;
  std::uint64_t run_;
  std::uint64_t sent_ = 0;
  std::deque<IdText> authorized_{};
};

}  // namespace dompet::cli
