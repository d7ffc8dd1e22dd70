#include "cli/load/payment_pairs.hpp"

#include <cstring>

#include "cli/load/fields.hpp"

namespace dompet::cli {

namespace {

/// Bit of a shot's number that tells the second request of a pair.
constexpr std::uint64_t is_capture = std::uint64_t{1} << 63;

std::string payment_body(const std::string& currency, const std::string& merchant) {
  return R"({"wallet_id":")" + std::string(id_width, source_mark) + R"(","merchant_id":")" + merchant +
         R"(","amount":")" + std::string(amount_width, amount_mark) + R"(","currency":")" + currency +
         R"(","capture":"manual"})";
}

/// The first "id" of the answer is the payment's own: what is nested in it comes later.
bool read_id(std::string_view body, IdText& id) {
  constexpr std::string_view member = "\"id\":\"";
  const auto at = body.find(member);
  if (at == std::string_view::npos || body.size() < at + member.size() + id.size())
    return false;
  std::memcpy(id.data(), body.data() + at + member.size(), id.size());
  return true;
}

}  // namespace

PaymentPairs::PaymentPairs(const RequestTemplate::Common& common, const WalletBook& book, const std::string& merchant,
                           std::uint64_t run)
    : authorization_(common, "POST", "/v1/payments", {{"Idempotency-Key", std::string(id_width, key_mark)}},
                     payment_body(book.currency, merchant)),
      capture_(common, "POST", "/v1/payments/" + std::string(id_width, destination_mark) + "/capture",
               {{"Idempotency-Key", std::string(id_width, key_mark)}}, "{}"),
      authorization_key_at_(authorization_.places_of(key_mark, id_width).at(0)),
      payer_at_(authorization_.places_of(source_mark, id_width).at(0)),
      amount_at_(authorization_.places_of(amount_mark, amount_width).at(0)),
      capture_key_at_(capture_.places_of(key_mark, id_width).at(0)),
      payment_at_(capture_.places_of(destination_mark, id_width).at(0)), book_(book), random_(scatter(run)), run_(run) {
}

bool PaymentPairs::next(Shot& shot) {
  shot.number = sent_++;
  if (authorized_.empty()) {
    authorize(shot);
  } else {
    capture(shot, authorized_.front());
    authorized_.pop_front();
  }
  return true;
}

void PaymentPairs::authorize(Shot& shot) {
  shot.bytes.assign(authorization_.text());
  put(shot.bytes, authorization_key_at_, key_text(run_, shot.number));
  put(shot.bytes, payer_at_, book_.ids[random_.below(static_cast<std::uint32_t>(book_.ids.size()))]);
  put_amount(shot.bytes, amount_at_, random_);
}

void PaymentPairs::capture(Shot& shot, const IdText& payment) {
  shot.bytes.assign(capture_.text());
  put(shot.bytes, capture_key_at_, key_text(run_, shot.number));
  put(shot.bytes, payment_at_, payment);
  shot.number |= is_capture;
}

void PaymentPairs::answered(const Shot& shot, const Response& response, Verdicts& verdicts) {
  const auto verdict = verdict_of(response.status);
  IdText payment;
  if ((shot.number & is_capture) != 0 || verdict != Verdict::ok)
    ++verdicts[verdict];
  else if (read_id(response.body, payment))
    authorized_.push_back(payment);
  else
    ++verdicts[Verdict::other];
}

}  // namespace dompet::cli
