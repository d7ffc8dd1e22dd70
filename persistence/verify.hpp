#pragma once

#include <cstdint>
#include <string>
#include <vector>

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
/// (protocol 5.1: I1–I5, I7, I8). One moment is read, also while a Dompet serves; nothing is written. Three passes,
/// each a stream in an order of its own, so that memory does not grow with the journal:
///
/// - records by shard: numbering, epochs, postings, totals, transit;
/// - legs by wallet: replay, hash chain, snapshots, the table of wallets;
/// - steps by transaction: sagas, decisions.
///
/// A fault never stops it: everything is looked at once. Throws Unavailable.
VerifyReport verify_ledger(const std::string& database);

}  // namespace dompet
