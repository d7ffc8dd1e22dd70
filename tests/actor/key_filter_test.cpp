#include <catch2/catch_test_macros.hpp>

#include "actors/key_filter.hpp"
#include "persistence/codec.hpp"

namespace dompet {

namespace {

KeyId key(int number) { return key_id("a client", std::to_string(number)); }

int false_alarms(const KeyFilter& filter, int from, int count) {
  int alarms = 0;
  for (int i = from; i < from + count; ++i)
    alarms += filter.may_contain(key(i)) ? 1 : 0;
  return alarms;
}

}  // namespace

TEST_CASE("the key filter never forgets a key, however far it outgrows its first size") {
  KeyFilter filter(64);
  for (int i = 0; i < 50'000; ++i)
    filter.add(key(i));
  CHECK(false_alarms(filter, 0, 50'000) == 50'000);
}

TEST_CASE("the key filter seldom suspects a key that was never used") {
  KeyFilter filter;
  for (int i = 0; i < 50'000; ++i)
    filter.add(key(i));
  CHECK(false_alarms(filter, 1'000'000, 10'000) < 500);
}

TEST_CASE("an empty key filter suspects nothing") { CHECK(false_alarms(KeyFilter{}, 0, 1'000) == 0); }

TEST_CASE("the keys of a node are suspected whichever shard took them in") {
  KnownKeys keys;
  keys.add(key(1));
  CHECK(keys.may_contain(key(1)));
  CHECK_FALSE(keys.may_contain(key(2)));
  keys.note_loaded_shard();
  CHECK(keys.loaded_shards() == 1);
}

}  // namespace dompet
