#include <catch2/catch_test_macros.hpp>

#include "domain/review.hpp"
#include "tests/unit/given.hpp"

using namespace dompet;

namespace {

constexpr std::int64_t begun_ms = 1'750'000'000'000;
constexpr ReviewBounds bounds{.most_wait_ms = 700, .most_rate_age_ms = 100};

Transaction begun(TransactionKind kind = TransactionKind::transfer) {
  Transaction transaction = *given::transfer(1, 100);
  transaction.id = {make_uuid_v7(begun_ms, {})};
  transaction.kind = kind;
  return transaction;
}

void ends(const Transaction& transaction, std::int64_t after_ms, Decline why) {
  const ReviewEnd end = end_of_review(transaction, bounds);
  CHECK(end.at_ms == begun_ms + after_ms);
  CHECK(end.why == why);
}

}  // namespace

TEST_CASE("a review ends after its time, and before when its bill or its rate does not wait so long") {
  Transaction transaction = begun();
  ends(transaction, 700, Decline::risk_rejected);
  transaction.bill = Bill{{{}, begun_ms + 300}, "88"};
  ends(transaction, 300, Decline::risk_rejected);
  transaction.fx = FxLeg{.rate_at_ms = begun_ms - 40};
  ends(transaction, 60, Decline::rate_expired);
  transaction.fx->rate_at_ms = begun_ms + 250;
  ends(transaction, 300, Decline::risk_rejected);
}

TEST_CASE("the rate of a capture is good for as long as its payment is authorized") {
  Transaction capture = begun(TransactionKind::capture);
  capture.fx = FxLeg{.rate_at_ms = begun_ms - 100'000};
  capture.expires_at_ms = begun_ms + 400;
  ends(capture, 400, Decline::rate_expired);
  capture.expires_at_ms = begun_ms + 1;
  ends(capture, 100, Decline::rate_expired);
  capture.expires_at_ms = begun_ms + 900;
  ends(capture, 700, Decline::risk_rejected);
}
