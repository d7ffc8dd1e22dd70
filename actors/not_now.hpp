#pragma once

#include <string>

#include "actors/engine.hpp"

namespace dompet {

// What clients are told when a request could not be stored now. Each says that nothing was done: only the lane knows
// better, and then it looks the batch up before it says anything.

inline constexpr const char* interrupted_sentence =
    "The ledger was interrupted before this request was stored. Nothing was done; send it again with the same "
    "Idempotency-Key.";
inline constexpr const char* busy_sentence =
    "The wallet has more work waiting than it may. Nothing was done; try again.";
inline constexpr const char* busy_lane_sentence =
    "The wallet's database has more work waiting than it may. Nothing was done; try again.";
inline constexpr const char* database_away_sentence =
    "The wallet's database does not answer. Nothing was done; try again.";
inline constexpr const char* no_provider_sentence =
    "There is no provider for this kind of transaction now. Nothing was done; try again.";
inline constexpr const char* risk_unavailable_sentence =
    "What judges this transaction cannot be read now. Nothing was done; try again.";
inline constexpr const char* free_key_sentence = "Nothing was asked for with this Idempotency-Key.";
inline constexpr const char* not_ready_sentence = "The ledger is starting. Nothing was done; try again.";

inline NotNow not_now(std::string reason) { return {false, std::move(reason)}; }

inline NotNow risk_unavailable() { return {false, risk_unavailable_sentence, NotNow::Cause::risk}; }

inline NotNow quarantined(const std::string& reason) { return not_now("The wallet is quarantined: " + reason); }

}  // namespace dompet
