#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "domain/shard.hpp"

namespace dompet {

/// One thing that was verified: how much of it was looked at, and the first place where it does not hold.
struct LedgerCheck {
  /// A whole sentence, as it should be true.
  std::string claim{};
  std::uint64_t looked_at = 0;
  std::uint64_t faults = 0;
  /// Names the offending row; empty when there is none.
  std::string first_fault{};
};

struct VerifyReport {
  std::vector<LedgerCheck> checks{};
  std::uint64_t records = 0;
  std::uint64_t wallets = 0;
  double seconds = 0;

  bool is_sound() const;
};

/// Replays a whole ledger from the journal alone and holds everything that is kept beside it against the result
/// (protocol 5.1: I1–I5, I7, I8). One moment is read, also while a Dompet serves; nothing is written. Four passes,
/// each a stream in an order of its own, so that memory does not grow with the journal:
///
/// - records by shard: numbering, epochs, postings, totals, transit;
/// - legs by wallet: replay, hash chain, snapshots, the table of wallets;
/// - steps by transaction: sagas, decisions;
/// - acts and refunds by payment.
///
/// A fault never stops it: everything is looked at once. Throws Unavailable.
///
/// A ledger in several databases is given with all of them, by number: their snapshots are taken while no lane can
/// commit anywhere, for which all of them are held up for some milliseconds. What one database keeps of another's
/// records is compared with the originals, and sums are those of all.
VerifyReport verify_ledger(const std::vector<std::string>& databases);
VerifyReport verify_ledger(const std::string& database);
/// Replays the wallets of one shard in one database, wherever the shard lives. Throws Unavailable.
VerifyReport verify_wallets(const std::string& database, Shard shard);

}  // namespace dompet
