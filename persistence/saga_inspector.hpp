#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "persistence/reader.hpp"

namespace dompet {

// What the saga inspector reads (protocol 8): from the tables alone, so that it works when a transfer's owner is down.
// Each database is asked for itself; whoever asks several puts the answers together.

/// An operator's pause. It is true while the source's shard has this epoch.
struct SagaPause {
  std::string by{};
  std::int64_t at_ms = 0;
  std::uint64_t epoch = 0;
};

/// A transfer in a list: its saga and what operators and attempts left beside it. `attempts` and `last_error` of the
/// listing are those of the stored attempts; of a declined transfer the error is why.
struct SagaRow {
  SagaListing saga{};
  /// Who gave the last error, and since when it has been that one.
  std::string last_node{};
  std::int64_t error_since_ms = 0;
  std::string label{};
  std::string assignee{};
  bool pinned = false;
  int note_count = 0;
  std::optional<SagaPause> pause{};
};

/// The first two list every transfer by the time in its id. The others list open ones only, which are few.
enum class SagaSort : std::uint8_t { newest, oldest, longest_in_state, most_attempts, largest };

/// All that are given must hold.
struct SagaSearch {
  SagaSort sort = SagaSort::newest;
  std::optional<SagaState> state{};
  bool only_open = false;
  std::optional<WalletId> wallet{};
  std::optional<Currency> currency{};
  std::optional<Minor> min_amount{};
  std::optional<Minor> max_amount{};
  std::optional<Shard> source_shard{};
  std::optional<Shard> destination_shard{};
  /// The source's shard is one of these.
  std::optional<std::vector<Shard>> owned{};
  /// The source's shard is one that the database speaks for; the inspector sets it.
  bool only_here = false;
  std::string error{};
  std::string label{};
  std::string assignee{};
  std::optional<std::int64_t> created_from_ms{};
  std::optional<std::int64_t> created_until_ms{};
  int min_attempts = 0;
  /// Asked of every row that is found, last.
  std::function<bool(const SagaRow&)> also{};
};

/// Where a list goes on: behind this place. The key is what the list is sorted by, zero in the order of ids.
struct SagaPlace {
  std::int64_t key = 0;
  TransactionId id{};

  auto operator<=>(const SagaPlace&) const = default;
};

SagaPlace place_of(const SagaRow& row, SagaSort sort);
/// Whether the first place comes before the second one in the list.
bool comes_before(const SagaPlace& left, const SagaPlace& right, SagaSort sort);

/// At most as many rows as were asked for, and where to go on. A page may be short and yet not the last: a search for
/// something rare stops after `most_walked` transfers.
struct SagaPage {
  std::vector<SagaRow> rows{};
  std::optional<SagaPlace> next{};
};

/// Puts the pages of several databases together.
SagaPage merge(std::vector<SagaPage> pages, SagaSort sort, int limit);

/// How many transfers one page of a filtered list looks through.
inline constexpr int most_walked = 65'536;

/// Open transfers that have the same reason to wait.
struct SagaCause {
  /// Empty while none was told.
  std::string error{};
  Shard destination_shard = 0;
  /// Who told it; empty when nobody did.
  std::string node{};
  std::int64_t count = 0;
  std::int64_t oldest_created_ms = 0;
};

/// Upper ends of the classes of age, seconds; the last class has none.
inline constexpr std::array<int, 4> saga_age_classes_s{1, 5, 30, 300};

/// Open transfers exactly; those that are over among the newest `counted_finals` that were made step by step.
struct SagaCounts {
  std::int64_t reserved = 0;
  std::int64_t cancelling = 0;
  /// They wait for an officer, and for nothing else.
  std::int64_t under_review = 0;
  std::int64_t settled = 0;
  std::int64_t released = 0;
  std::array<std::int64_t, saga_age_classes_s.size() + 1> open_by_age{};
  /// Nothing when none is open.
  std::optional<std::int64_t> oldest_created_ms{};
  /// The most frequent ones.
  std::vector<SagaCause> causes{};
};

inline constexpr int counted_finals = 20'000;

/// Adds another database's counts.
void add(SagaCounts& sum, const SagaCounts& part);

struct LegBalances {
  Minor available = 0;
  Minor held = 0;

  bool operator==(const LegBalances&) const = default;
};

/// A record and what its wallets had before each of its legs; nothing where the wallet lives in another database.
struct StoryRecord {
  Record record{};
  std::array<std::optional<LegBalances>, 2> before{};
};

/// The destination's word, as its register has it.
struct RegisteredDecision {
  Decision outcome = Decision::none;
  std::optional<Decline> reason{};
  Shard shard = 0;
  std::int64_t decided_at_ms = 0;
};

struct SagaNote {
  std::int64_t at_ms = 0;
  std::string who{};
  std::string text{};
};

/// An audited action.
struct OperatorAction {
  std::int64_t at_ms = 0;
  std::string who{};
  std::string what{};
  std::string why{};
};

/// Everything that one database knows about a transfer.
struct SagaStory {
  /// Nothing in a database in which the transfer did not begin.
  std::optional<SagaRow> row{};
  std::vector<StoryRecord> records{};
  std::optional<RegisteredDecision> decision{};
  std::vector<SagaAttempt> attempts{};
  std::vector<SagaNote> notes{};
  std::vector<OperatorAction> actions{};
};

class SqlSession;

/// Asks one database, by a reader's session. Lives as short as one question.
class SagaInspector {
 public:
  explicit SagaInspector(Reader& reader);

  SagaPage list(const SagaSearch& search, const std::optional<SagaPlace>& after, int limit);
  SagaCounts counts();
  /// From one snapshot. Throws Unreadable when a record cannot be read.
  SagaStory story(const TransactionId& id);

 private:
  std::optional<LegBalances> balance_before(const Leg& leg);

  SqlSession& session_;
  Reader& reader_;
  Shard shard_count_;
};

}  // namespace dompet
