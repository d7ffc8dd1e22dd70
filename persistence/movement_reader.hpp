#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "persistence/movement_sheet.hpp"
#include "persistence/reader.hpp"

namespace dompet {

/// Which movements are asked for. What is empty is no condition.
struct MovementQuestion {
  /// Added up over all of them; empty: of the ledger as a whole.
  std::vector<WalletId> wallets{};
  /// From this month on, before that one.
  Month from{};
  Month to{};
  /// Also the sum of everything before `from`, for balances.
  bool with_past = false;
  std::optional<TransactionKind> kind{};
  /// Of the ledger as a whole, what moves within it both comes in and goes out.
  std::optional<Direction> direction{};
  /// Each kind only in its natural direction, so that what moves between two of the wallets counts once.
  bool each_once = false;
  std::optional<MovementOutcome> outcome{};
  std::optional<Currency> currency{};
  /// A merchant or card: of payments and refunds only its own, everything else as without it.
  Uuid party{};
};

struct MovementRow {
  /// Nothing for what was before the question's first month.
  std::optional<Month> month{};
  Currency currency{};
  TransactionKind kind{};
  Direction direction{};
  MovementOutcome outcome{};
  std::string method{};
  std::int64_t count = 0;
  Total amount{};
};

/// An answer about one moment.
struct MovementAnswer {
  /// Several may be alike in everything but their sums.
  std::vector<MovementRow> rows{};
  /// Every currency that the wallets, or the ledger, ever moved anything in. What failed may have been in others.
  std::vector<Currency> currencies{};
  std::int64_t as_of_ms = 0;
  /// Records that are not counted in: more than an answer can count itself, and the projector has not come there yet.
  std::int64_t pending_records = 0;
};

/// Whose a card or merchant is, and which wallet it pays from or is paid to.
struct MovementParty {
  Uuid user{};
  WalletId wallet{};
};

/// How many records an answer counts itself behind what the projector has counted: of the whole ledger each is decoded;
/// for wallets all are looked at and few decoded.
inline constexpr std::int64_t most_counted_of_ledger = 20'000;
inline constexpr std::int64_t most_counted_of_wallets = 200'000;
/// One question is about so many wallets at most.
inline constexpr std::size_t most_wallets_a_question = 5'000;

/// Answers from `monthly_movement` and counts the journal's records behind it itself, in one snapshot: what was
/// answered as done before is in it. Of a ledger in several databases it says what this one speaks for; their answers
/// add up, whichever of them a wallet lives in. Throws Unavailable and Unreadable.
class MovementReader {
 public:
  explicit MovementReader(Reader& reader) : reader_(reader) {}

  MovementAnswer answer(const MovementQuestion& question);
  /// The wallets of a user that live in this database, at most one more than a question takes.
  std::vector<WalletId> wallets_of(const Uuid& owner);
  /// Also of one in the trash: what it moved stays true. Database 0 knows them.
  std::optional<MovementParty> card(const Uuid& id) { return party("card", id); }
  std::optional<MovementParty> merchant(const Uuid& id) { return party("merchant", id); }

 private:
  std::optional<MovementParty> party(const std::string& table, const Uuid& id);

  Reader& reader_;
};

/// The answers of several databases as one.
MovementAnswer unite(std::vector<MovementAnswer> answers);

}  // namespace dompet
