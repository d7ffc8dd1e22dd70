#pragma once

#include "persistence/libpq_session.hpp"
#include "persistence/membership_store.hpp"

namespace dompet {

/// Which PostgreSQL cluster the session talks to. Throws Unavailable.
DatabaseIdentity identity_of(LibpqSession& session);

/// What a lane knows of the clusters that it was connected to. A cluster that was restored or promoted may have
/// forgotten commits and epochs; that is why every new connection begins with a claim, which takes all shards anew
/// and fences by incarnation (protocol 5.2). This adds the alarm.
class IdentityWatch {
 public:
  /// After each connect: compares the cluster with the one before, and with the one that the ledger was last served
  /// from. Throws Unavailable.
  void look(LibpqSession& session);
  /// After a claim on that connection: the ledger is served from here now. Throws Unavailable.
  void note(LibpqSession& session);

 private:
  DatabaseIdentity seen_{};
  DatabaseIdentity stored_{};
};

}  // namespace dompet
