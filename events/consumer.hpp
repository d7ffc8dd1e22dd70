#pragma once

#include <span>
#include <stop_token>
#include <string>

#include "events/event.hpp"
#include "persistence/session.hpp"

namespace dompet::events {

/// Somebody who is told of every event: of each wallet in the wallet's order, none left out, none before it is durable.
/// A runner of its own (runner.hpp) reads the journal for it, on one node of the cluster at a time, so a consumer that
/// is slow or fails delays nobody else.
///
/// At least once: a page whose transaction did not commit comes again, whole or in other portions. What is written
/// through `database0` is written exactly once; what leaves the ledger within `take` may go out twice, and events can
/// be told apart by their ids.
///
/// All calls come from the runner's thread, one at a time. They may block, but while they do they hold a transaction of
/// database 0 open: bound every wait.
class Consumer {
 public:
  /// Where one begins that was never here before.
  enum class Beginning { first_event, now };

  virtual ~Consumer() = default;

  /// What its marks are kept under: the same for ever, different from every other consumer's.
  virtual std::string name() const = 0;
  virtual Beginning beginning() const { return Beginning::now; }

  /// False while nobody would hear of any event: nothing is read then, and what happens meanwhile is passed over. What
  /// is committed after `database0` last said false is not. So whoever writes a row that makes it true (an endpoint)
  /// gets everything that comes after his commit.
  virtual bool is_wanted(SqlSession& database0) {
    static_cast<void>(database0);
    return true;
  }

  /// False while what was told before must be worked off first: nothing is read then, the marks stay, and it is asked
  /// again a second later, so that nothing is lost. What makes it false must end by itself.
  virtual bool has_room(SqlSession& database0) {
    static_cast<void>(database0);
    return true;
  }

  /// The next events, never none. `database0` is inside the transaction that also moves the marks: when `take` throws,
  /// all of it is undone and the page comes again after a pause. The events and what they point at live as long as the
  /// call, the records as long as somebody holds them. Whoever waits for others than `database0` throws as soon as
  /// `stop` is requested: the process ends, and the page comes again to the next one.
  virtual void take(std::span<const Event> page, SqlSession& database0, const std::stop_token& stop) = 0;
};

}  // namespace dompet::events
