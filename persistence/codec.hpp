#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "domain/history.hpp"
#include "domain/record.hpp"

namespace dompet {

/// A record as the journal stores it: narrow columns that indexes and lists need, and the rest as bytes.
/// The column names are in migrations/0001; `wallet`/`wallet_seq` is the first leg, `peer`/`peer_seq` the second.
struct JournalRow {
  Shard shard = 0;
  std::int16_t kind = 0;
  std::int16_t currency = 0;
  std::int64_t shard_seq = 0;
  std::int64_t epoch = 0;
  std::int64_t batch = 0;
  std::int64_t at_ms = 0;
  std::int64_t amount = 0;
  std::optional<std::int64_t> wallet_seq{};
  std::optional<std::int64_t> peer_seq{};
  Uuid id{};
  std::optional<Uuid> key{};
  std::optional<Uuid> wallet{};
  std::optional<Uuid> peer{};
  /// The payment that an act on it or a refund belongs to.
  std::optional<Uuid> parent{};
  /// What risk rules said, for lists: `risk_column`. The payload has all of it.
  std::optional<std::int16_t> risk{};
  std::string payload{};
};

/// Stored bytes that cannot be read: damaged, or written by a newer version. The wallet concerned is quarantined;
/// nothing is ever repaired by dropping it.
struct Unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The newest layout of the payload. Older ones are read and brought to today's Record (up-cast); newer ones are
/// Unreadable. See persistence/README.md for the layouts.
inline constexpr std::uint8_t payload_version = 1;

/// Encodes a record whose legs are numbered.
JournalRow encode(const Record& record);

/// Reads a row back. Throws Unreadable.
Record decode(const JournalRow& row);

/// An assessment as the journal's column has it: the action's number times a thousand, and the score.
std::int16_t risk_column(RiskAction action, int score);

/// The next link of a wallet's hash chain: SHA-256 over the previous digest and everything that the record says
/// about this leg. Anyone who has the statement can compute it again.
Digest link(const Digest& previous, const Record& record, const Leg& leg);

/// A snapshot's bytes: version, state, checksum.
std::string encode_snapshot(const WalletHistory& history);

/// Throws Unreadable when the checksum or the version is wrong.
WalletHistory decode_snapshot(const std::string& bytes);

/// What is left of a client and his Idempotency-Key: the first 16 bytes of a SHA-256.
KeyId key_id(std::string_view client, std::string_view key);

/// A hash of a request's canonical fields: equal for equal requests, whatever their bytes looked like.
std::uint64_t fingerprint(std::string_view canonical_fields);

}  // namespace dompet
