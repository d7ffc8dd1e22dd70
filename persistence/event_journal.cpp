#include "persistence/event_journal.hpp"

#include <optional>
#include <string_view>

#include "persistence/array_text.hpp"
#include "persistence/reader_rows.hpp"

namespace dompet {

namespace {

/// Rows are taken round by round, the first of every shard before the second of any, so that `most` cuts the tails.
std::string page_sql() {
  return "SELECT " + journal_columns() + " FROM (SELECT here.shard, coalesce(m.seq, 0) AS seq FROM " + shards_here_sql +
         " AS here LEFT JOIN unnest($1::smallint[], $2::bigint[]) AS m (shard, seq) ON m.shard = here.shard) AS mark"
         " CROSS JOIN LATERAL (SELECT r.*, row_number() OVER (ORDER BY r.shard_seq) AS round FROM (SELECT * FROM "
         "journal"
         " WHERE shard = mark.shard AND shard_seq > mark.seq ORDER BY shard_seq LIMIT $3) AS r) AS j"
         " ORDER BY j.round, j.shard LIMIT $4";
}

/// Records that are news of a wallet without a leg on it (journal_quiet of migrations/0013).
constexpr std::string_view quiet_kinds = "(4, 8, 14, 15)";

std::string news_sql() {
  return "SELECT " + journal_columns() + ", v.wallet, CASE WHEN j.is_quiet THEN 0 ELSE j.place END, " +
         milliseconds("j.told") +
         " FROM unnest($1::uuid[], $2::bigint[], $3::bigint[])"
         " AS v (wallet, seq, quiet) JOIN wallet w ON w.id = v.wallet AND w.shard IN " +
         shards_here_sql +
         " CROSS JOIN LATERAL (SELECT l.*, max(l.at) OVER (PARTITION BY l.is_quiet ORDER BY l.place) AS told FROM ("
         "(SELECT r.*, r.wallet_seq AS place, false AS is_quiet FROM journal r WHERE r.wallet = v.wallet"
         " AND r.wallet_seq > v.seq AND r.kind <> 4 ORDER BY r.wallet_seq LIMIT $4) UNION ALL "
         "(SELECT r.*, r.peer_seq, false FROM journal r WHERE r.peer = v.wallet AND r.peer_seq > v.seq"
         " ORDER BY r.peer_seq LIMIT $4) UNION ALL "
         "(SELECT r.*, r.shard_seq, true FROM journal r WHERE r.wallet = v.wallet AND r.kind IN " +
         std::string{quiet_kinds} +
         " AND r.shard_seq > v.quiet ORDER BY r.shard_seq LIMIT $4)"
         ") AS l) AS j ORDER BY j.told, j.place LIMIT $4";
}

/// Both columns of marks, an array each.
Parameters columns_of(const StreamMarks& marks) {
  ArrayText shards;
  ArrayText seqs;
  for (const auto& [shard, seq] : marks) {
    shards.add(std::to_string(shard));
    seqs.add(std::to_string(seq));
  }
  Parameters parameters;
  parameters.add(std::move(shards).finish()).add(std::move(seqs).finish());
  return parameters;
}

std::string ids_of(std::span<const WalletId> wallets) {
  ArrayText ids;
  for (const WalletId& wallet : wallets)
    ids.add(to_string(wallet));
  return std::move(ids).finish();
}

}  // namespace

JournalPage EventJournal::page(const StreamMarks& marks, int of_one_shard, int most) {
  static const std::string sql = page_sql();
  const Rows rows =
      session_.ask_prepared(sql, columns_of(marks).add(std::int64_t{of_one_shard}).add(std::int64_t{most}));
  std::map<Shard, RecordStream> streams;
  std::map<Shard, int> seen;
  JournalPage page;
  rows.each([&](const Row& row) {
    const JournalRow stored = journal_row(row);
    RecordStream& stream = streams[stored.shard];
    stream.shard = stored.shard;
    if (++seen[stored.shard] == of_one_shard || rows.size() == most)
      stream.is_cut = true;
    if (std::ssize(stream.records) + 1 < seen[stored.shard])
      return;  // behind a record that cannot be read
    try {
      stream.records.push_back(std::make_shared<const Record>(decode(stored)));
      ++page.records;
    } catch (const std::exception& fault) {
      stream.is_cut = true;
      page.fault = "shard " + std::to_string(stored.shard) + " shard_seq " + std::to_string(stored.shard_seq) + ": " +
                   fault.what();
    }
  });
  for (auto& [shard, stream] : streams)
    page.streams.push_back(std::move(stream));
  return page;
}

StreamMarks EventJournal::ends() {
  StreamMarks ends;
  session_
      .ask_prepared(
          "SELECT here.shard, coalesce((SELECT max(j.shard_seq) FROM journal j WHERE j.shard = here.shard), 0)"
          " FROM " +
          shards_here_sql + " AS here")
      .each(
          [&](const Row& row) { ends[static_cast<Shard>(row.number(0))] = static_cast<std::uint64_t>(row.number(1)); });
  return ends;
}

Shard EventJournal::shard_count() {
  return static_cast<Shard>(session_.ask_prepared("SELECT shard_count FROM ledger")[0].number(0));
}

std::vector<LegPlace> EventJournal::places(std::span<const WalletSeq> legs) {
  ArrayText wallets;
  ArrayText seqs;
  for (const WalletSeq& leg : legs) {
    wallets.add(to_string(leg.wallet));
    seqs.add(std::to_string(leg.seq));
  }
  Parameters parameters;
  parameters.add(std::move(wallets).finish()).add(std::move(seqs).finish());
  std::vector<LegPlace> places;
  session_
      .ask_prepared(
          "SELECT v.wallet, v.seq, j.shard, j.shard_seq FROM unnest($1::uuid[], $2::bigint[])"
          " AS v (wallet, seq) CROSS JOIN LATERAL (SELECT r.shard, r.shard_seq FROM journal r WHERE r.wallet ="
          " v.wallet AND r.wallet_seq = v.seq AND r.kind <> 4 UNION ALL SELECT r.shard, r.shard_seq FROM"
          " journal r WHERE r.peer = v.wallet AND r.peer_seq = v.seq) AS j",
          parameters)
      .each([&](const Row& row) {
        places.push_back({{{row.uuid(0)}, static_cast<std::uint64_t>(row.number(1))},
                          static_cast<Shard>(row.number(2)),
                          static_cast<std::uint64_t>(row.number(3))});
      });
  return places;
}

std::unordered_map<WalletId, UserId> EventJournal::owners(std::span<const WalletId> wallets) {
  std::unordered_map<WalletId, UserId> owners;
  session_
      .ask_prepared("SELECT w.id, w.owner FROM wallet w WHERE w.id = ANY ($1::uuid[])",
                    Parameters{}.add(ids_of(wallets)))
      .each([&](const Row& row) { owners[{row.uuid(0)}] = {row.uuid_if_any(1).value_or(Uuid{})}; });
  return owners;
}

std::vector<WalletNews> EventJournal::news(std::span<const WalletPlace> places, int limit) {
  static const std::string sql = news_sql();
  ArrayText wallets;
  ArrayText seqs;
  ArrayText quiet;
  for (const WalletPlace& place : places) {
    wallets.add(to_string(place.wallet));
    seqs.add(std::to_string(place.seq));
    quiet.add(std::to_string(place.quiet_seq));
  }
  Parameters parameters;
  parameters.add(std::move(wallets).finish()).add(std::move(seqs).finish()).add(std::move(quiet).finish());
  std::vector<WalletNews> news;
  session_.ask_prepared(sql, parameters.add(std::int64_t{limit})).each([&](const Row& row) {
    news.push_back({{row.uuid(journal_width)},
                    std::make_shared<const Record>(record_of(row)),
                    static_cast<std::uint64_t>(row.number(journal_width + 1)),
                    row.number(journal_width + 2)});
  });
  return news;
}

std::vector<WalletPlace> EventJournal::wallet_ends(std::span<const WalletId> wallets) {
  static const std::string sql =
      "SELECT v.wallet, greatest((SELECT max(r.wallet_seq) FROM journal r WHERE r.wallet = v.wallet AND r.kind <> 4),"
      " (SELECT max(r.peer_seq) FROM journal r WHERE r.peer = v.wallet), 0),"
      " coalesce((SELECT max(r.shard_seq) FROM journal r WHERE r.wallet = v.wallet AND r.kind IN " +
      std::string{quiet_kinds} +
      "), 0) FROM unnest($1::uuid[]) AS v (wallet) JOIN wallet w ON w.id = v.wallet AND w.shard IN " + shards_here_sql;
  std::vector<WalletPlace> ends;
  session_.ask_prepared(sql, Parameters{}.add(ids_of(wallets))).each([&](const Row& row) {
    ends.push_back(
        {{row.uuid(0)}, static_cast<std::uint64_t>(row.number(1)), static_cast<std::uint64_t>(row.number(2))});
  });
  return ends;
}

std::vector<WalletId> EventJournal::wallets_of(const UserId& owner, int limit) {
  std::vector<WalletId> wallets;
  session_
      .ask_prepared("SELECT w.id FROM wallet w WHERE w.owner = $1 AND w.shard IN " + shards_here_sql +
                        " ORDER BY w.id LIMIT $2",
                    Parameters{}.add(owner.uuid).add(std::int64_t{limit}))
      .each([&](const Row& row) { wallets.push_back({row.uuid(0)}); });
  return wallets;
}

}  // namespace dompet
