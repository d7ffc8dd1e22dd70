#pragma once

#include "http/answers.hpp"
#include "http/body_money.hpp"
#include "http/services.hpp"

namespace dompet::http {

/// Answers a payment, and remembers it for what may be done to it later.
void answer_payment(Services& services, const ExchangePtr& exchange, const Reply& reply);

/// A payment by the number of a virtual account: of an invoice of one of our merchants, or of an order of a marketplace
/// that is asked first. What is written down before the money moves is settled with the answer; whatever gets lost on
/// the way the sweep finds (providers/bill_sweep.hpp). Io thread.
void pay_bill(Services& services, const ExchangePtr& exchange, PaymentBody body, const KeyId& key);

}  // namespace dompet::http
