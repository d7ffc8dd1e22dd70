#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "domain/ids.hpp"
#include "http/id_source.hpp"
#include "tests/unit/given.hpp"

using namespace dompet;

TEST_CASE("an id that was written is read back as the same") {
  given::Random random(1);
  for (int i = 0; i < 1'000; ++i) {
    const Uuid id = random.uuid();
    const std::string text = to_string(id);
    CHECK(text.size() == 36);
    CHECK(parse_uuid(text) == id);
  }
}

TEST_CASE("an id may come in capitals, it is written in small letters") {
  const auto id = parse_uuid("0190F3A2-7B4C-7DEF-8123-456789ABCDEF");
  REQUIRE(id);
  CHECK(to_string(*id) == "0190f3a2-7b4c-7def-8123-456789abcdef");
}

TEST_CASE("what is not written like an id is none") {
  for (const char* text : {"", "0190f3a2", "0190f3a27b4c7def8123456789abcdef", "0190f3a2-7b4c-7def-8123-456789abcde",
                           "0190f3a2-7b4c-7def-8123-456789abcdef0", "0190f3a2-7b4c-7def-8123-456789abcdeg",
                           "0190f3a2_7b4c_7def_8123_456789abcdef", "{190f3a2-7b4c-7def-8123-456789abcdef",
                           "0190f3a-27b4c-7def-8123-456789abcdef", " 190f3a2-7b4c-7def-8123-456789abcdef"}) {
    INFO(text);
    CHECK_FALSE(parse_uuid(text));
  }
}

TEST_CASE("an id carries the time at which it was made") {
  given::Random random(2);
  for (std::int64_t ms :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{1'763'640'000'123}, (std::int64_t{1} << 48) - 1}) {
    const Uuid id = make_uuid_v7(ms, random.bytes<10>());
    CHECK(unix_ms_of(id) == ms);
    CHECK(to_string(id)[14] == '7');
    CHECK(std::string{"89ab"}.find(to_string(id)[19]) != std::string::npos);
  }
}

TEST_CASE("ids that were made later sort later, as bytes and as text") {
  given::Random random(3);
  std::vector<Uuid> ids;
  for (std::int64_t ms = 1'763'640'000'000; ms < 1'763'640'000'000 + 70'000; ms += 37)
    ids.push_back(make_uuid_v7(ms, random.bytes<10>()));
  CHECK(std::ranges::is_sorted(ids));
  CHECK(std::ranges::is_sorted(ids, {}, [](const Uuid& id) { return to_string(id); }));
}

TEST_CASE("the nil id is told apart") {
  CHECK(Uuid{}.is_nil());
  CHECK_FALSE(given::uuid(1).is_nil());
}

TEST_CASE("a layout of an id never changes") {
  CHECK(to_string(make_uuid_v7(0x0190F3A27B4C, {0xFF, 0xEF, 0xC1, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF})) ==
        "0190f3a2-7b4c-7fef-8123-456789abcdef");
}

TEST_CASE("ids that one source makes sort in the order in which they were made, whatever its clock does") {
  http::IdSource source;
  Uuid last{};
  for (const std::int64_t at_ns : {1'750'000'000'000'000'000, 1'750'000'000'000'000'000, 1'750'000'000'000'000'100,
                                   1'750'000'000'999'999'999, 1'740'000'000'000'000'000, 1'750'000'001'000'000'000})
    for (int i = 0; i < 5'000; ++i) {
      const Uuid id = source.next(at_ns);
      REQUIRE(last < id);
      last = id;
    }
  CHECK(unix_ms_of(last) - 1'750'000'001'000 < 5);
  CHECK((last.bytes[6] >> 4) == 7);
  CHECK((last.bytes[8] >> 6) == 2);
}
