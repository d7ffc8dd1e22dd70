#include "http/render_cluster.hpp"

#include <algorithm>

#include "http/json.hpp"
#include "http/saga_reason.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

void append_text_or_null(JsonWriter& json, std::string_view name, const std::string& text) {
  json.key(name);
  if (text.empty())
    json.null();
  else
    json.text(text);
}

void append_node(JsonWriter& json, const NodeView& node, const ClusterView& view) {
  const auto shards = std::ranges::count_if(
      view.shards, [&node](const ShardView& shard) { return shard.row.owner == node.row.incarnation; });
  json.begin_object().member("node", node.row.name).plain("incarnation", to_string(node.row.incarnation));
  json.plain("state", name_of(node.row.state));
  json.member("http_address", node.row.http_address).member("internal_address", node.row.internal_address);
  json.member("build", node.row.build);
  json.key("protocol").begin_array().number(node.row.protocol_min).number(node.row.protocol_max).end_array();
  json.plain("link", node.is_me ? "self" : node.linked ? "up" : "down");
  json.key("silent_for_ms").number(node.silent_for.count()).key("shards").number(shards).end_object();
}

void append_shard(JsonWriter& json, const ShardView& shard, const ClusterView& view) {
  const auto owner = owner_of(view, shard.row.shard);
  const NodeView* target = shard.row.target == Incarnation{} ? nullptr : view.find(shard.row.target);
  json.begin_object().key("shard").number(shard.row.shard);
  append_text_or_null(json, "node", owner ? owner->node : "");
  append_text_or_null(json, "incarnation", owner ? to_string(owner->incarnation) : "");
  json.key("epoch").number(static_cast<std::int64_t>(shard.row.epoch));
  append_text_or_null(json, "target", target == nullptr ? "" : target->row.name);
  json.key("database").number(shard.database);
  json.plain("status", !owner ? "ownerless" : target != nullptr ? "moving" : "owned").end_object();
}

/// A lane that works is how a node knows that a database answers; one without shards has nothing to do.
void append_database(JsonWriter& json, const LaneView& lane) {
  json.begin_object().key("id").number(lane.database).key("reachable").truth(lane.ready || lane.shards == 0);
  json.key("lane").begin_object().key("suspended").truth(!lane.ready && lane.shards > 0);
  json.key("waiting_rows").number(static_cast<std::int64_t>(lane.waiting_rows));
  json.key("oldest_age_ms").number(lane.oldest_age.count());
  json.key("shards").number(static_cast<std::int64_t>(lane.shards)).end_object().end_object();
}

}  // namespace

std::string render_cluster(const ClusterView& view, std::int64_t now_ms) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().plain("as_of", format_time(now_ms));
  json.key("shard_count").number(static_cast<std::int64_t>(view.shards.size()));
  json.key("me").begin_object();
  for (const NodeView& node : view.nodes)
    if (node.is_me)
      json.member("node", node.row.name).plain("incarnation", to_string(node.row.incarnation));
  json.end_object().key("nodes").begin_array();
  for (const NodeView& node : view.nodes)
    append_node(json, node, view);
  json.end_array().key("shards").begin_array();
  for (const ShardView& shard : view.shards)
    append_shard(json, shard, view);
  json.end_array().key("databases").begin_array();
  for (const LaneView& lane : view.lanes)
    append_database(json, lane);
  json.end_array().end_object();
  return text;
}

}  // namespace dompet::http
