#include "persistence/membership_store.hpp"

#include <array>
#include <utility>

#include "persistence/lane_sessions.hpp"

namespace dompet {

namespace {

constexpr std::array<std::string_view, 4> state_names{"up", "draining", "expired", "left"};

NodeState state_in(std::string_view name) {
  for (std::size_t i = 0; i < state_names.size(); ++i)
    if (state_names[i] == name)
      return static_cast<NodeState>(i);
  throw Unavailable("a node has the unknown state \"" + std::string{name} + "\"");
}

NodeRow node_in(const LibpqAnswer& rows, int row) {
  return {.incarnation = {rows.uuid(row, 0)},
          .name = std::string{rows.text(row, 1)},
          .internal_address = std::string{rows.text(row, 2)},
          .http_address = std::string{rows.text(row, 3)},
          .heartbeat = static_cast<std::uint64_t>(rows.number(row, 4)),
          .state = state_in(rows.text(row, 5)),
          .protocol_min = static_cast<int>(rows.number(row, 6)),
          .protocol_max = static_cast<int>(rows.number(row, 7)),
          .build = std::string{rows.text(row, 8)}};
}

/// Members, and whoever ended in the last six hours, by the database's own clock; a node that starts and fails again
/// and again must not make the answer grow.
constexpr const char* nodes_sql =
    "WITH ended AS (SELECT * FROM node WHERE ended_at > now() - interval '6 hours' ORDER BY ended_at DESC LIMIT 50)"
    " SELECT incarnation, name, internal_address, http_address, heartbeat, state, protocol_min, protocol_max, build"
    " FROM (SELECT * FROM node WHERE state IN ('up', 'draining')"
    " UNION ALL SELECT * FROM ended WHERE state NOT IN ('up', 'draining')) AS n"
    " ORDER BY name, started_at DESC, incarnation";

class PostgresMembershipStore final : public MembershipStore {
 public:
  explicit PostgresMembershipStore(MembershipSettings settings)
      : settings_(std::move(settings)), session_(session_settings(settings_)) {}

  void join(const NodeRow& me) override {
    ask("INSERT INTO node (incarnation, name, internal_address, http_address, protocol_min, protocol_max, build)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (incarnation) DO UPDATE SET name = excluded.name, internal_address = excluded.internal_address,"
        " http_address = excluded.http_address, protocol_min = excluded.protocol_min,"
        " protocol_max = excluded.protocol_max, build = excluded.build",
        {to_string(me.incarnation), me.name, me.internal_address, me.http_address, std::to_string(me.protocol_min),
         std::to_string(me.protocol_max), me.build});
  }

  bool renew() override {
    return any_row("UPDATE node SET heartbeat = heartbeat + 1 WHERE incarnation = $1 AND state IN ('up', 'draining')"
                   " RETURNING heartbeat",
                   {to_string(settings_.incarnation)});
  }

  std::vector<NodeRow> nodes() override {
    const LibpqAnswer rows = ask(nodes_sql, {});
    return rows.each([&](int row) { return node_in(rows, row); });
  }

  bool expire(const Incarnation& node, std::uint64_t heartbeat) override {
    return any_row("UPDATE node SET state = 'expired', ended_at = now()"
                   " WHERE incarnation = $1 AND heartbeat = $2 AND state IN ('up', 'draining') RETURNING 1",
                   {to_string(node), std::to_string(heartbeat)});
  }

  void bury(const Incarnation& node) override {
    ask("UPDATE node SET state = 'expired', ended_at = now() WHERE incarnation = $1 AND state IN ('up', 'draining')",
        {to_string(node)});
  }

  bool set_state(const Incarnation& node, NodeState state) override {
    return any_row("UPDATE node SET state = $2, ended_at = CASE WHEN $2 IN ('expired', 'left') THEN now() END"
                   " WHERE incarnation = $1 AND state IN ('up', 'draining') RETURNING 1",
                   {to_string(node), std::string{name_of(state)}});
  }

 private:
  static LibpqSettings session_settings(const MembershipSettings& settings) {
    const std::chrono::milliseconds answer_timeout(settings.answer_timeout_ms);
    return {settings.database, session_name(settings.node_name, settings.incarnation, "membership"),
            std::chrono::seconds(settings.connect_timeout_s), answer_timeout, answer_timeout};
  }

  LibpqAnswer ask(const std::string& sql, const std::vector<LibpqSession::Text>& parameters) {
    session_.connect_if_lost();
    return session_.run_durably(sql, parameters);
  }

  bool any_row(const std::string& sql, const std::vector<LibpqSession::Text>& parameters) {
    return ask(sql, parameters).rows() > 0;
  }

  MembershipSettings settings_;
  LibpqSession session_;
};

}  // namespace

std::string_view name_of(NodeState state) { return state_names.at(static_cast<std::size_t>(state)); }

std::unique_ptr<MembershipStore> make_postgres_membership_store(MembershipSettings settings) {
  return std::make_unique<PostgresMembershipStore>(std::move(settings));
}

}  // namespace dompet
