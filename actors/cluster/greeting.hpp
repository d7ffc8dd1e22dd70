#pragma once

#include <string>

#include "actors/cluster/envelope.hpp"

namespace dompet {

/// What both sides of a greeting know when they prove to each other that they know the cluster's secret. The secret
/// itself never travels; a proof is good for this greeting, in this direction, between these two processes only.
struct GreetingFacts {
  std::uint64_t greeting = 0;
  int protocol = 0;
  Incarnation link{};
  Incarnation gateway{};
  Nonce link_nonce{};
  Nonce gateway_nonce{};
};

enum class ProofBy : std::uint8_t { link = 1, gateway = 2 };

SecretProof prove(const std::string& secret, ProofBy side, const GreetingFacts& facts);
/// Takes as long for a wrong proof as for a right one.
bool proves(const SecretProof& proof, const std::string& secret, ProofBy side, const GreetingFacts& facts);

/// Before anything else of here is used. Throws Bug when there is no randomness to be had.
void prepare_greetings();
Nonce fresh_nonce();
/// Never 0.
std::uint64_t fresh_greeting();
/// From 0 to the limit, with it.
std::uint32_t random_up_to(std::uint32_t limit);

/// The newest protocol that both speak; nothing when there is none.
std::optional<int> common_protocol(int my_min, int my_max, int peer_min, int peer_max);

}  // namespace dompet
