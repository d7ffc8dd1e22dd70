#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <string>

#include "config/logging.hpp"
#include "tests/unit/given.hpp"

using namespace dompet;

namespace {

constexpr std::int64_t moment = 1'763'640'000'123;

std::string json_line(std::string_view message, std::initializer_list<LogField> fields = {}) {
  return log_line(LogFormat::json, moment, "info", message, encode_fields(LogFormat::json, fields));
}

}  // namespace

TEST_CASE("a log line is one JSON object with time, level, message and fields") {
  CHECK(
      json_line("request", {{"request_id", "abc"}, {"status", 201}, {"ms", 1.5}, {"replayed", true}}) ==
      R"({"ts":"2025-11-20T12:00:00.123Z","level":"info","msg":"request","request_id":"abc","status":201,"ms":1.5,"replayed":true})");
}

TEST_CASE("a log line for people says the same") {
  CHECK(log_line(LogFormat::text, moment, "warning", "slow",
                 encode_fields(LogFormat::text, {{"path", "/v1/wallets"}, {"ms", 12}})) ==
        "2025-11-20T12:00:00.123Z warning slow path=\"/v1/wallets\" ms=12");
}

TEST_CASE("whatever a client sends, a log line can be parsed and forges no field") {
  const std::string nasty = "a\"b\\c\n\r\t\x01\x1f\x7f,\"admin\":true}";
  const auto line = nlohmann::json::parse(json_line(nasty, {{"path", nasty}}));
  CHECK(line.size() == 4);
  CHECK(line["msg"] == nasty);
  CHECK(line["path"] == nasty);
  given::Random random(5);
  for (int i = 0; i < 2'000; ++i) {
    const std::string text = random.text(60);
    const std::string encoded = json_line(text, {{"path", text}});
    CHECK(encoded.find('\n') == std::string::npos);
    CHECK(nlohmann::json::parse(encoded).size() == 4);
  }
}

TEST_CASE("texts in any language stay as they are, bytes that are none are replaced") {
  CHECK(json_line("Rp 125.000 → Ånï 钱包 💰").find("→ Ånï 钱包 💰") != std::string::npos);
  for (const char* broken : {"\xff", "\xc3", "\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\x80"})
    CHECK(json_line(broken).find("\xEF\xBF\xBD") != std::string::npos);
}

TEST_CASE("a number that is none becomes null") {
  CHECK(encode_fields(LogFormat::json, {{"x", 0.0 / 0.0}}) == ",\"x\":null");
}
