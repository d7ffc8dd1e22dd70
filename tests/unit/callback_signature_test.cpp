#include <catch2/catch_test_macros.hpp>

#include <string>

#include "providers/signature.hpp"

using namespace dompet;

namespace {

constexpr std::int64_t now_s = 1'790'000'000;
constexpr std::string_view secret = "a secret of some length";
constexpr std::string_view body = R"({"outcome":"completed"})";

struct Letter {
  std::string id = "msg_1";
  std::string timestamp = std::to_string(now_s);
  std::string signature = sign_callback(secret, "msg_1", now_s, body);
  std::string content{body};
};

CallbackFault fault(const Letter& letter, std::int64_t at_s = now_s, std::string_view with = secret) {
  return fault_of(with, {letter.id, letter.timestamp, letter.signature, letter.content}, at_s);
}

}  // namespace

TEST_CASE("a callback's signature is the one that other programs compute") {
  CHECK(sign_callback(secret, "msg_1", now_s, body) == "v1,XySgygWE4ukHcL2xLBcQKHylc5c+odWi3X/71jJsrTE=");
}

TEST_CASE("a callback of somebody who knows the secret is accepted, and so is the same one again") {
  CHECK(fault({}) == CallbackFault::none);
  CHECK(fault({}) == CallbackFault::none);
  // While a secret is changed a sender signs with both.
  CHECK(fault({.signature = "v1,AAAA " + Letter{}.signature}) == CallbackFault::none);
  CHECK(fault({.signature = Letter{}.signature + " v2,whatever"}) == CallbackFault::none);
}

TEST_CASE("a callback that was changed, or that somebody else signed, is forged") {
  CHECK(fault({.id = "msg_2"}) == CallbackFault::forged);
  CHECK(fault({.timestamp = std::to_string(now_s + 1)}) == CallbackFault::forged);
  CHECK(fault({.content = R"({"outcome":"refused"})"}) == CallbackFault::forged);
  CHECK(fault({.signature = sign_callback("another secret", "msg_1", now_s, body)}) == CallbackFault::forged);
  CHECK(fault({.signature = Letter{}.signature.substr(0, 20)}) == CallbackFault::forged);
  CHECK(fault({}, now_s, "another secret") == CallbackFault::forged);
}

TEST_CASE("an old callback is refused, and so is one from the future") {
  CHECK(fault({}, now_s + callback_tolerance_s) == CallbackFault::none);
  CHECK(fault({}, now_s + callback_tolerance_s + 1) == CallbackFault::too_old);
  CHECK(fault({}, now_s - callback_tolerance_s) == CallbackFault::none);
  CHECK(fault({}, now_s - callback_tolerance_s - 1) == CallbackFault::too_old);
}

TEST_CASE("a callback without a signature is refused, and without a secret every one is") {
  CHECK(fault({.id = ""}) == CallbackFault::unsigned_);
  CHECK(fault({.signature = ""}) == CallbackFault::unsigned_);
  for (const char* timestamp : {"", "soon", "-5", "17900000000000000000000", "1790000000 "})
    CHECK(fault({.timestamp = timestamp}) == CallbackFault::unsigned_);
  const std::string unsafe = sign_callback("", "msg_1", now_s, body);
  CHECK(fault({.signature = unsafe}, now_s, "") == CallbackFault::unsigned_);
}

TEST_CASE("a secret as Standard Webhooks writes it stands for its bytes, any other text for itself") {
  CHECK(signing_key("whsec_c2VjcmV0") == "secret");
  CHECK(signing_key("a secret of another kind") == "a secret of another kind");
  CHECK(signing_key("").value_or("none").empty());
  for (const char* wrong : {"whsec_", "whsec_%%%%", "whsec_c2Vjcm"})
    CHECK_FALSE(signing_key(wrong));
}
