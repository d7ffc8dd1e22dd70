#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
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

 private:
  struct Layer {
    std::vector<std::uint64_t> bits{};
    std::size_t room = 0;
  };
  static Layer make_layer(std::size_t keys);

  std::vector<Layer> layers_{};
  std::size_t next_keys_ = 0;
};

/// The keys of all shards that a node serves: a key is one client's for the whole ledger, whatever wallet it came for.
/// Keys that another node took in are unknown here; for them the journal's unique index decides. Thread-safe.
class KnownKeys {
 public:
  void add(const KeyId& key) {
    const std::lock_guard lock(guard_);
    filter_.add(key);
  }
  bool may_contain(const KeyId& key) const {
    const std::lock_guard lock(guard_);
    return filter_.may_contain(key);
  }

  /// Another shard's stored keys have all been added.
  void note_loaded_shard() { loaded_shards_ += 1; }
  /// A shard went to another node, which takes in keys that this one does not hear of.
  void note_forgotten_shard() { loaded_shards_ -= 1; }
  std::size_t loaded_shards() const { return loaded_shards_; }

 private:
  static constexpr std::size_t keys_to_begin_with = 1 << 20;

  mutable std::mutex guard_{};
  KeyFilter filter_{keys_to_begin_with};
  std::atomic<std::size_t> loaded_shards_{0};
};

}  // namespace dompet
