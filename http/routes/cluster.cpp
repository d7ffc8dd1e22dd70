#include <algorithm>
#include <charconv>
#include <utility>

#include "http/access/access.hpp"
#include "http/answers.hpp"
#include "http/query.hpp"
#include "http/render_cluster.hpp"
#include "http/routes.hpp"
#include "http/saga_body.hpp"
#include "persistence/saga_desk.hpp"

namespace dompet::http::routes {

namespace {

/// How many shards are with nodes that have more than their share.
std::int64_t moves_for_balance(const ClusterView& view) {
  const auto up =
      std::ranges::count_if(view.nodes, [](const NodeView& node) { return node.row.state == NodeState::up; });
  if (up == 0)
    return 0;
  const auto share = (std::ssize(view.shards) + up - 1) / up;
  std::int64_t moves = 0;
  for (const NodeView& node : view.nodes) {
    const auto owned = std::ranges::count_if(
        view.shards, [&node](const ShardView& shard) { return shard.row.owner == node.row.incarnation; });
    const auto allowed = node.row.state == NodeState::up ? share : 0;
    moves += std::max<std::int64_t>(0, owned - allowed);
  }
  return moves;
}

/// Audits the wish, then does it: on the query pool, since it may wait for a statement.
void do_audited(Services& services, const ExchangePtr& exchange, std::string what, const std::string& subject,
                std::function<HttpResponse(Engine& engine, const HttpRequest& request)> act) {
  AuditEntry entry{
      .id = services.ids.next(), .who = signature(*exchange), .what = std::move(what), .why = {}, .evidence = {}};
  JsonWriter(entry.evidence).begin_object().member("subject", subject).end_object();
  answer_by_query(services, exchange,
                  [&engine = services.engine, entry, act = std::move(act)](Reader& reader, const HttpRequest& request) {
                    SagaDesk(reader).audit(entry);
                    return act(engine, request);
                  });
}

HttpResponse accepted_or(const std::optional<std::string>& fault, const HttpRequest& request) {
  if (fault)
    return respond({.code = "cluster_refuses", .detail = *fault}, request);
  return json_response(R"({"accepted":true})", 202);
}

}  // namespace

void read_cluster(Services& services, const ExchangePtr& exchange) {
  exchange->answer(json_response(render_cluster(*services.engine.cluster(), wall_clock_ms())));
}

void move_shard(Services& services, const ExchangePtr& exchange) {
  const auto to = read_move(exchange->request.body);
  if (!to)
    return refuse(exchange, to.error());
  const std::string_view text = exchange->captures[0];
  Shard shard = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), shard);
  const auto view = services.engine.cluster();
  if (error != std::errc{} || end != text.data() + text.size() || shard >= view->shards.size())
    return refuse(exchange,
                  {.code = "shard_not_found",
                   .detail = "The shards are numbered from 0 to " + std::to_string(view->shards.size() - 1) + "."});
  if (view->find(*to) == nullptr)
    return refuse(exchange, {.code = "node_not_found", .detail = "There is no node of the name in `to`."});
  do_audited(services, exchange, "cluster.move", std::to_string(shard) + " to " + *to,
             [shard, to = *to](Engine& engine, const HttpRequest& request) {
               return accepted_or(engine.move_shard(shard, to), request);
             });
}

void drain_node(Services& services, const ExchangePtr& exchange) {
  if (const auto body = read_nothing(exchange->request.body); !body)
    return refuse(exchange, body.error());
  std::string node = percent_decoded(exchange->captures[0]);
  if (services.engine.cluster()->find(node) == nullptr)
    return refuse(exchange, {.code = "node_not_found", .detail = "GET /v1/cluster lists the nodes there are."});
  do_audited(services, exchange, "cluster.drain", node, [node](Engine& engine, const HttpRequest& request) {
    return accepted_or(engine.drain_node(node), request);
  });
}

void rebalance_cluster(Services& services, const ExchangePtr& exchange) {
  if (const auto body = read_nothing(exchange->request.body); !body)
    return refuse(exchange, body.error());
  do_audited(services, exchange, "cluster.rebalance", "", [](Engine& engine, const HttpRequest&) {
    const std::int64_t moves = moves_for_balance(*engine.cluster());
    engine.rebalance();
    std::string text;
    JsonWriter(text).begin_object().key("accepted").truth(true).key("moves").number(moves).end_object();
    return json_response(std::move(text), 202);
  });
}

}  // namespace dompet::http::routes
