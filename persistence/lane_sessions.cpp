#include "persistence/lane_sessions.hpp"

#include "config/logging.hpp"

namespace dompet {

namespace {

/// PostgreSQL cuts an application_name to 63 bytes; what identifies it stands at the end.
constexpr std::size_t longest_node_name = 36;

/// The last twelve digits: in every version of UUID that we make they are random.
std::string end_of(const Incarnation& incarnation) { return to_string(incarnation).substr(24); }

/// A lock on a row is not in pg_locks, but the one on its table is, for as long: commits, claims and hand-overs take
/// it.
constexpr const char* end_sql =
    "SELECT a.application_name, pg_terminate_backend(a.pid) FROM pg_stat_activity a"
    " WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.application_name LIKE ANY ($1)"
    " AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.database = a.datid"
    " AND l.relation = 'lane_fence'::regclass AND l.granted)";

}  // namespace

std::string session_name(std::string_view node_name, const Incarnation& incarnation, std::string_view purpose) {
  return "dompet/" + std::string{node_name.substr(0, longest_node_name)} + '/' + end_of(incarnation) + '/' +
         std::string{purpose};
}

int end_lanes_in_the_way(LibpqSession& session, const std::vector<Incarnation>& incarnations) {
  std::vector<LibpqSession::Text> patterns;
  patterns.reserve(incarnations.size());
  for (const Incarnation& incarnation : incarnations)
    patterns.emplace_back("dompet/%/" + end_of(incarnation) + '/' + std::string{lane_purpose});
  const LibpqAnswer ended = session.run(end_sql, {array_text(patterns)});
  for (int row = 0; row < ended.rows(); ++row)
    log_event(LogLevel::warning, "a lane's session that held up a takeover was terminated",
              {{"session", ended.text(row, 0)}});
  return ended.rows();
}

}  // namespace dompet
