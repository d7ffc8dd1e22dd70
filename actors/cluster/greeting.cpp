#include "actors/cluster/greeting.hpp"

#include <sodium.h>

#include <algorithm>

#include "domain/ensure.hpp"
#include "persistence/bytes.hpp"

namespace dompet {

static_assert(std::tuple_size_v<SecretProof> == crypto_auth_hmacsha256_BYTES);

SecretProof prove(const std::string& secret, ProofBy side, const GreetingFacts& facts) {
  std::string text = "dompet greeting";
  ByteWriter writer(text);
  writer.u8(static_cast<std::uint8_t>(side));
  writer.u64(facts.greeting);
  writer.u64(static_cast<std::uint64_t>(facts.protocol));
  writer.raw(facts.link.uuid.bytes);
  writer.raw(facts.gateway.uuid.bytes);
  writer.raw(facts.link_nonce);
  writer.raw(facts.gateway_nonce);

  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  SecretProof proof{};
  crypto_auth_hmacsha256_final(&state, proof.data());
  return proof;
}

bool proves(const SecretProof& proof, const std::string& secret, ProofBy side, const GreetingFacts& facts) {
  const SecretProof right = prove(secret, side, facts);
  return sodium_memcmp(proof.data(), right.data(), right.size()) == 0;
}

void prepare_greetings() { ensure(sodium_init() >= 0, "libsodium cannot be initialised"); }

Nonce fresh_nonce() {
  Nonce nonce{};
  randombytes_buf(nonce.data(), nonce.size());
  return nonce;
}

std::uint64_t fresh_greeting() {
  std::uint64_t number = 0;
  while (number == 0)
    randombytes_buf(&number, sizeof number);
  return number;
}

std::uint32_t random_up_to(std::uint32_t limit) { return randombytes_uniform(limit + 1); }

std::optional<int> common_protocol(int my_min, int my_max, int peer_min, int peer_max) {
  const int newest = std::min(my_max, peer_max);
  if (newest < std::max(my_min, peer_min))
    return std::nullopt;
  return newest;
}

}  // namespace dompet
