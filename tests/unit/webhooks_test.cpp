#include <catch2/catch_test_macros.hpp>

#include "persistence/vault.hpp"
#include "webhooks/judgement.hpp"
#include "webhooks/message.hpp"

namespace dompet {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::int64_t now_s = 1'795'000'000;
/// No jitter.
constexpr double middle = 0.5;

WebhookJudgement judge(const WebhookAttempt& attempt, double chance = middle) {
  return judge(WebhookSettings{}, attempt, now_s, chance);
}

std::string header_of(const OutboundRequest& request, std::string_view name) {
  for (const auto& [known, value] : request.headers)
    if (known == name)
      return value;
  return "none";
}

}  // namespace

TEST_CASE("a webhook is signed as the example of Standard Webhooks is") {
  // The vector that the specification's reference libraries publish: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw.
  const std::string secret{"\x31\xf2\x90\xf6\xbf\x06\x29\x8a\xab\x4f\x08\xd4\x3c\x3f\x08\x2c\xf6\x48\xa3\x62\xda\x2d"
                           "\xa4\xb0",
                           24};
  REQUIRE(base64(secret) == "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  const OutboundRequest request = webhook_request("https://shop.example/", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                                                  1'614'265'330, R"({"test": 2432232314})", {secret});
  CHECK(header_of(request, "webhook-id") == "msg_p5jXN8AQM9LWM0D4loKWxJek");
  CHECK(header_of(request, "webhook-timestamp") == "1614265330");
  CHECK(header_of(request, "webhook-signature") == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  CHECK(request.body == R"({"test": 2432232314})");
}

TEST_CASE("while a secret is replaced both sign, the new one first") {
  const std::vector<std::string> secrets{"a new one", "the one before"};
  const std::string both = header_of(webhook_request("", "1-2-0", now_s, "{}", secrets), "webhook-signature");
  const std::string first = header_of(webhook_request("", "1-2-0", now_s, "{}", {secrets[0]}), "webhook-signature");
  const std::string second = header_of(webhook_request("", "1-2-0", now_s, "{}", {secrets[1]}), "webhook-signature");
  CHECK(both == first + " " + second);
}

TEST_CASE("whatever a receiver answers between 200 and 299 is delivered") {
  for (const int status : {200, 201, 204, 299}) {
    const WebhookJudgement judgement = judge({.status = status, .failures_in_row = 100});
    CHECK_FALSE(judgement.has_failed());
    CHECK(judgement.disabled_why.empty());
  }
  for (const int status : {0, 100, 199, 301, 302, 400, 404, 500, 503})
    CHECK(judge({.status = status}).state == "pending");
}

TEST_CASE("a delivery is tried again after the pauses of Standard Webhooks, and then it has failed") {
  const std::vector<milliseconds> pauses{seconds{5}, minutes{5}, minutes{30}, hours{2}, hours{5},
                                         hours{10},  hours{14},  hours{20},   hours{24}};
  for (std::size_t number = 0; number < pauses.size(); ++number) {
    const WebhookAttempt attempt{.status = 500, .attempts_before = static_cast<int>(number)};
    CHECK(judge(attempt).state == "pending");
    CHECK(judge(attempt).pause == pauses[number]);
    CHECK(judge(attempt, 0.0).pause == pauses[number] * 9 / 10);
    CHECK(judge(attempt, 1.0).pause == pauses[number] * 11 / 10);
  }
  CHECK(judge({.status = 500, .attempts_before = 9}).state == "failed");
}

TEST_CASE("a receiver that is gone is not asked again") {
  const WebhookJudgement judgement = judge({.status = 410});
  CHECK(judgement.state == "failed");
  CHECK(judgement.disabled_why.find("410") != std::string::npos);
}

TEST_CASE("an endpoint that failed for days is disabled and says so") {
  CHECK(judge({.status = 500, .failing_for = hours{119}}).disabled_why.empty());
  CHECK(judge({.status = 500, .failing_for = hours{120}}).disabled_why ==
        "Every attempt failed for 120 hours or longer.");
  CHECK(judge({.status = 200, .failing_for = hours{120}}).disabled_why.empty());
}

TEST_CASE("Retry-After is obeyed with 429 and 503, within bounds") {
  for (const int status : {429, 503}) {
    CHECK(judge({.status = status, .retry_after = "60"}).pause == minutes{1});
    CHECK(judge({.status = status, .retry_after = "60"}).quiet == minutes{1});
    CHECK(judge({.status = status, .retry_after = "999999"}).pause == hours{1});
    // Sooner than the schedule would use its attempts up.
    CHECK(judge({.status = status, .retry_after = "1"}).pause == seconds{5});
    CHECK(judge({.status = status, .retry_after = "soon"}).pause == seconds{5});
  }
  CHECK(judge({.status = 500, .retry_after = "60"}).pause == seconds{5});
}

TEST_CASE("Retry-After is seconds or a date") {
  CHECK(read_retry_after("120", now_s) == seconds{120});
  CHECK(read_retry_after("Thu, 01 Jan 1970 00:10:00 GMT", 0) == minutes{10});
  CHECK(read_retry_after("Thu, 01 Jan 1970 00:10:00 GMT", now_s) == seconds{0});
  CHECK_FALSE(read_retry_after("", now_s));
  CHECK_FALSE(read_retry_after("-5", now_s));
  CHECK_FALSE(read_retry_after("5 minutes", now_s));
}

TEST_CASE("a receiver that fails again and again is asked less and less often, whatever it is sent") {
  const auto quiet_after = [](int failures) { return judge({.status = 500, .failures_in_row = failures - 1}).quiet; };
  CHECK(quiet_after(1) == seconds{0});
  CHECK(quiet_after(4) == seconds{0});
  CHECK(quiet_after(5) == seconds{1});
  CHECK(quiet_after(6) == seconds{2});
  CHECK(quiet_after(10) == seconds{32});
  CHECK(quiet_after(11) == seconds{60});
  CHECK(quiet_after(1'000'000) == seconds{60});
}

}  // namespace dompet
