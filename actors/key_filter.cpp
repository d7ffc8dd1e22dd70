#include "actors/key_filter.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace dompet {

namespace {

constexpr std::size_t bits_per_key = 10;
constexpr int probes = 6;

/// A key is a hash already: its two halves drive the probes (double hashing).
struct Halves {
  std::uint64_t first = 0;
  std::uint64_t step = 0;
};

Halves halves_of(const KeyId& key) {
  Halves halves;
  std::memcpy(&halves.first, key.uuid.bytes.data(), 8);
  std::memcpy(&halves.step, key.uuid.bytes.data() + 8, 8);
  halves.step |= 1;
  return halves;
}

}  // namespace

KeyFilter::KeyFilter(std::size_t expected_keys) : next_keys_(std::max<std::size_t>(expected_keys, 64)) {}

KeyFilter::Layer KeyFilter::make_layer(std::size_t keys) {
  const std::size_t words = std::bit_ceil(keys * bits_per_key / 64 + 1);
  return {std::vector<std::uint64_t>(words), words * 64 / bits_per_key};
}

void KeyFilter::add(const KeyId& key) {
  if (layers_.empty() || layers_.back().room == 0) {
    layers_.push_back(make_layer(next_keys_));
    next_keys_ *= 2;
  }
  Layer& layer = layers_.back();
  --layer.room;
  const std::uint64_t mask = layer.bits.size() * 64 - 1;
  auto [place, step] = halves_of(key);
  for (int probe = 0; probe < probes; ++probe, place += step)
    layer.bits[(place & mask) / 64] |= std::uint64_t{1} << (place & 63);
}

bool KeyFilter::may_contain(const KeyId& key) const {
  const Halves halves = halves_of(key);
  return std::ranges::any_of(layers_, [&](const Layer& layer) {
    const std::uint64_t mask = layer.bits.size() * 64 - 1;
    std::uint64_t place = halves.first;
    for (int probe = 0; probe < probes; ++probe, place += halves.step)
      if ((layer.bits[(place & mask) / 64] & std::uint64_t{1} << (place & 63)) == 0)
        return false;
    return true;
  });
}

}  // namespace dompet
