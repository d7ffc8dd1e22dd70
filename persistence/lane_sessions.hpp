#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "persistence/libpq_session.hpp"

namespace dompet {

/// The application_name of a session of ours, in pg_stat_activity: dompet/<node>/<end of its incarnation>/<purpose>.
std::string session_name(std::string_view node_name, const Incarnation& incarnation, std::string_view purpose);

inline constexpr std::string_view lane_purpose = "lane";

/// Terminates the backends of these incarnations' lanes, in this database, that hold a lock on the fences: a paused
/// process can keep one for as long as it likes (protocol 5.2, Acquire, step 2). What they were doing becomes
/// `unknown` to them. Returns how many there were. Never the caller's own session. Needs sessions of one role.
int end_lanes_in_the_way(LibpqSession& session, const std::vector<Incarnation>& incarnations);

}  // namespace dompet
