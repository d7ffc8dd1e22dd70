#pragma once

#include <cstdint>
#include <vector>

#include "domain/ids.hpp"

namespace dompet {

/// Remembers which idempotency keys may be in the journal: "no" is certain, "maybe" must be looked up. It spares
/// a look-up per request, since nearly every key is new (protocol 5.4). A Bloom filter that grows by layers, each
/// twice as large as the one before; ten bits a key, about one needless look-up in a hundred.
class KeyFilter {
 public:
  explicit KeyFilter(std::size_t expected_keys = 4'096);

  void add(const KeyId& key);
  bool may_contain(const KeyId& key) const;
  /// Adds every layer of the other filter.
  void merge(KeyFilter other);

 private:
  struct Layer {
    std::vector<std::uint64_t> bits{};
    std::size_t room = 0;
  };
  static Layer make_layer(std::size_t keys);

  std::vector<Layer> layers_{};
  std::size_t next_keys_ = 0;
};

}  // namespace dompet
