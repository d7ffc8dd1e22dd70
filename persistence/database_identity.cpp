#include "persistence/database_identity.hpp"

#include "config/logging.hpp"

namespace dompet {

namespace {

DatabaseIdentity read(LibpqSession& session, const std::string& sql) {
  const LibpqAnswer answer = session.run(sql);
  if (answer.rows() != 1)
    throw Unavailable("the database has no ledger");
  return {std::string{answer.text(0, 0)}, answer.number(0, 1)};
}

void alarm(const DatabaseIdentity& before, const DatabaseIdentity& now) {
  log_event(LogLevel::error, "the ledger is on another PostgreSQL cluster or timeline now; every shard is claimed anew",
            {{"system_identifier_before", before.system_identifier},
             {"timeline_before", before.timeline},
             {"system_identifier", now.system_identifier},
             {"timeline", now.timeline}});
}

}  // namespace

/// The timeline is the first part of a log file's name. pg_control_checkpoint() knows it too, but after a promotion it
/// says the old one until a checkpoint is done, which may take minutes. A standby refuses; nothing could be owned
/// there.
DatabaseIdentity identity_of(LibpqSession& session) {
  return read(session, "SELECT system_identifier, ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int"
                       " FROM pg_control_system()");
}

void IdentityWatch::look(LibpqSession& session) {
  const DatabaseIdentity now = identity_of(session);
  stored_ = read(session, "SELECT system_identifier, timeline FROM ledger");
  const DatabaseIdentity& before = seen_.system_identifier.empty() ? stored_ : seen_;
  if (!before.system_identifier.empty() && before != now)
    alarm(before, now);
  seen_ = now;
}

void IdentityWatch::note(LibpqSession& session) {
  if (stored_ == seen_)
    return;
  session.run_durably("UPDATE ledger SET system_identifier = $1, timeline = $2",
                      {seen_.system_identifier, std::to_string(seen_.timeline)});
  stored_ = seen_;
}

}  // namespace dompet
