#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "domain/record.hpp"

namespace dompet {

class SqlSession;

/// How far the stream of each shard is read: its last shard_seq. A shard that is not named is at its beginning.
using StreamMarks = std::map<Shard, std::uint64_t>;

/// A link of a wallet's chain of legs.
struct WalletSeq {
  WalletId wallet{};
  std::uint64_t seq = 0;
  bool operator==(const WalletSeq&) const = default;
};

/// Where a leg is written.
struct LegPlace {
  WalletSeq leg{};
  Shard shard = 0;
  std::uint64_t shard_seq = 0;
};

/// What follows in the stream of one shard.
struct RecordStream {
  Shard shard = 0;
  std::vector<std::shared_ptr<const Record>> records{};
  /// It goes on behind the last of them, as far as is known.
  bool is_cut = false;
};

/// What one question to one database gave: every shard that lives there, of one snapshot.
struct JournalPage {
  std::vector<RecordStream> streams{};
  int records = 0;
  /// A record that cannot be read, and why: its stream ends before it.
  std::string fault{};
};

/// How far the events of one wallet are read.
struct WalletPlace {
  WalletId wallet{};
  /// Of its last leg.
  std::uint64_t seq = 0;
  /// Of the last record about it that has no leg, which are all in its own shard's stream: its shard_seq.
  std::uint64_t quiet_seq = 0;
  bool operator==(const WalletPlace&) const = default;
};

/// A record as news of one wallet.
struct WalletNews {
  WalletId wallet{};
  std::shared_ptr<const Record> record{};
  /// Its leg there; zero for a record without one.
  std::uint64_t seq = 0;
  /// What they are sorted by: when it was sealed, but never before the wallet's news that it follows. Clocks of two
  /// nodes may differ, and a wallet goes from one to the other.
  std::int64_t told_ms = 0;
};

/// The journal of one database as those read it who tell others of it: by shard and shard_seq, or by wallet. Reads what
/// is committed and nothing else; waits for no lane, and no lane waits for it. On the session's thread; throws
/// Unavailable and, unless said otherwise, Unreadable.
class EventJournal {
 public:
  explicit EventJournal(SqlSession& session) : session_(session) {}

  /// The next records of every shard that lives here, at most `of_one_shard` of each and `most` in all, but of every
  /// shard the first: `most` must not be less than there are shards. An unreadable record is the page's `fault`.
  JournalPage page(const StreamMarks& marks, int of_one_shard, int most);
  /// Where the streams of the shards that live here end now.
  StreamMarks ends();
  /// Of the whole ledger.
  Shard shard_count();
  /// Where these legs are, of those that are here.
  std::vector<LegPlace> places(std::span<const WalletSeq> legs);
  /// The owners of the wallets that are known here; nil for a wallet of nobody's.
  std::unordered_map<WalletId, UserId> owners(std::span<const WalletId> wallets);

  /// What follows about those of these wallets that live here, whose history is here as a whole: oldest first, of each
  /// wallet in its own order; at most `limit`. Of a record with legs of two of them both.
  std::vector<WalletNews> news(std::span<const WalletPlace> places, int limit);
  /// Where the events of those of these wallets end now that live here.
  std::vector<WalletPlace> wallet_ends(std::span<const WalletId> wallets);
  /// A user's wallets that live here, oldest first; at most `limit`.
  std::vector<WalletId> wallets_of(const UserId& owner, int limit);

 private:
  SqlSession& session_;
};

}  // namespace dompet
