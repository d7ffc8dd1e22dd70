#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cli/load/histogram.hpp"
#include "tests/unit/given.hpp"

using namespace dompet;
using cli::Histogram;

namespace {

/// The value that a sorted list has at a percentile: the smallest that so many do not exceed.
std::uint64_t exact(std::vector<std::uint64_t> values, double percent) {
  std::ranges::sort(values);
  const auto wanted = static_cast<std::size_t>(std::ceil(percent / 100.0 * static_cast<double>(values.size()) - 1e-9));
  return values[std::max<std::size_t>(wanted, 1) - 1];
}

void check(const std::vector<std::uint64_t>& values) {
  Histogram histogram;
  for (std::uint64_t value : values)
    histogram.record(value);
  CHECK(histogram.count() == values.size());
  CHECK(histogram.max() == *std::ranges::max_element(values));
  CHECK(histogram.min() == *std::ranges::min_element(values));
  for (double percent : {0.1, 1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    CAPTURE(percent);
    const auto truth = static_cast<double>(exact(values, percent));
    const auto told = static_cast<double>(histogram.percentile(percent));
    CHECK(told >= truth);
    CHECK(told <= truth * (1 + 1.0 / 128));
  }
}

}  // namespace

TEST_CASE("an empty histogram answers nothing") {
  const Histogram empty;
  CHECK(empty.count() == 0);
  CHECK(empty.percentile(99) == 0);
  CHECK(empty.min() == 0);
  CHECK(empty.max() == 0);
}

TEST_CASE("a percentile is never too good and at most one part in 128 too bad") {
  check({0});
  check({1, 2, 3});
  check({127, 128, 129, 255, 256});
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    given::Random random(seed);
    std::vector<std::uint64_t> values;
    for (std::uint64_t i = 0; i <= seed * 20; ++i)
      values.push_back(random.upto(1ULL << 41) >> random.upto(40));
    check(values);
  }
}

TEST_CASE("histograms that were brought together know what each knew") {
  Histogram left, right, both;
  given::Random random(9);
  for (int i = 0; i < 1'000; ++i) {
    const std::uint64_t value = random.upto(1'000'000);
    (i % 3 == 0 ? left : right).record(value);
    both.record(value);
  }
  left.merge(right);
  CHECK(left.count() == both.count());
  CHECK(left.max() == both.max());
  CHECK(left.min() == both.min());
  for (double percent : {50.0, 99.0, 99.9})
    CHECK(left.percentile(percent) == both.percentile(percent));
}

TEST_CASE("a value beyond what can be tracked is still the largest") {
  Histogram histogram;
  histogram.record(1);
  histogram.record(Histogram::highest_trackable * 4);
  CHECK(histogram.max() == Histogram::highest_trackable * 4);
  CHECK(histogram.percentile(100) == histogram.max());
}
