#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "events/event.hpp"
#include "persistence/event_journal.hpp"

namespace dompet::events {

// A wallet's history is one numbered chain, but its records lie in the streams of several shards: a transfer in one
// record is in its source's stream and has a leg of its destination too. Whoever reads the streams page by page puts
// the chains together again here. Pure functions: what must be looked up is an argument.

/// Adds the streams of another database. A shard that moves between two of them can be in both answers, which are of
/// two moments.
void join(std::vector<RecordStream>& streams, std::vector<RecordStream>&& more);

/// Legs that come right before a leg of the page and are not in it themselves: whether they were delivered earlier, or
/// lie behind the end of the page, only the journal knows. Each once.
std::vector<WalletSeq> predecessors_outside(std::span<const RecordStream> streams);

/// A page in an order that every wallet's own order agrees with.
struct MergedPage {
  std::vector<RecordPtr> records{};
  /// How far each stream is delivered with it: only streams of which something is in it.
  StreamMarks marks{};
  /// Something of what was read must wait for a later page, or a stream goes on behind what was read.
  bool has_more = false;
};

/// Puts the streams together, oldest records first. `marks` is how far they were delivered before; `places` is where
/// the legs of `predecessors_outside` are. A record waits, with all that follows it in its stream, until the
/// predecessors of its legs are delivered: earlier in this page, or before. A predecessor that has no place at all is
/// waited for too.
///
/// `places` may be empty when nothing can hide: the streams are all streams of the ledger, read in one snapshot, and
/// none is cut. Then whatever is not in the page was delivered before.
///
/// A page makes progress whenever it has the next record of every stream that has one: of those, the record that was
/// committed first waits for nobody.
MergedPage merge(std::span<const RecordStream> streams, const StreamMarks& marks, std::span<const LegPlace> places,
                 bool can_hide);

}  // namespace dompet::events
