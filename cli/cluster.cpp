#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <map>
#include <memory>

#include "cli/command.hpp"
#include "cli/service.hpp"

namespace dompet::cli {

namespace {

using Json = nlohmann::json;

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null())
    return "-";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

/// "0-2 7 9-11", since neighbours often stand together.
std::string ranges(const std::vector<int>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1)
      ++last;
    text += (text.empty() ? "" : " ") + std::to_string(numbers[i]);
    if (last > i)
      text += "-" + std::to_string(numbers[last]);
    i = last + 1;
  }
  return text;
}

void print_status(const Json& cluster) {
  std::map<std::string, std::vector<int>> shards_of;
  std::vector<int> ownerless;
  Table moves({"shard", "from", "to"});
  for (const Json& shard : cluster.at("shards")) {
    const int number = shard.at("shard").get<int>();
    if (shard.at("node").is_null())
      ownerless.push_back(number);
    else
      shards_of[text_of(shard, "incarnation")].push_back(number);
    if (shard.at("status") == "moving")
      moves.add({{std::to_string(number), Colour::none},
                 {text_of(shard, "node"), Colour::none},
                 {text_of(shard, "target"), Colour::none}});
  }
  Table nodes({"node", "state", "link", "silent", "shards", "http", "internal", "which"});
  for (const Json& node : cluster.at("nodes")) {
    const std::string state = text_of(node, "state");
    const std::string link = text_of(node, "link");
    nodes.add({{text_of(node, "node"), Colour::none},
               {state, state == "up"         ? Colour::green
                       : state == "draining" ? Colour::yellow
                                             : Colour::faint},
               {link, link == "down" && state == "up" ? Colour::red : Colour::none},
               {duration_text(node.value("silent_for_ms", std::int64_t{0})), Colour::none},
               {text_of(node, "shards"), Colour::none},
               {text_of(node, "http_address"), Colour::none},
               {text_of(node, "internal_address"), Colour::none},
               {ranges(shards_of[text_of(node, "incarnation")]), Colour::faint}});
  }
  std::printf("as node %s sees it\n\n", text_of(cluster.at("me"), "node").c_str());
  nodes.print();
  if (!ownerless.empty())
    std::printf("\n%s\n", coloured("shards without an owner: " + ranges(ownerless), Colour::red).c_str());
  if (!moves.empty()) {
    std::printf("\n");
    moves.print();
  }
  std::printf("\n");
  Table databases({"database", "lane", "waiting", "oldest", "shards"});
  for (const Json& database : cluster.at("databases")) {
    const Json& lane = database.at("lane");
    const bool suspended = lane.value("suspended", false);
    databases.add({{text_of(database, "id"), Colour::none},
                   {suspended ? "suspended" : "works", suspended ? Colour::red : Colour::green},
                   {text_of(lane, "waiting_rows"), Colour::none},
                   {duration_text(lane.value("oldest_age_ms", std::int64_t{0})), Colour::none},
                   {text_of(lane, "shards"), Colour::none}});
  }
  databases.print();
}

void add_status(CLI::App& cluster) {
  const auto options = std::make_shared<ServiceOptions>();
  CLI::App* command = cluster.add_subcommand("status", "Nodes, shards and lanes as the asked node sees them");
  add_service_options(*command, *options, true);
  command->callback([options] {
    show(*options, [&] {
      const Json answer = ask(*options, "GET", "/v1/cluster");
      if (options->json)
        std::printf("%s\n", answer.dump().c_str());
      else
        print_status(answer);
    });
  });
}

struct Wish {
  ServiceOptions service;
  std::string node;
  int shard = 0;
};

void say(const Wish& wish, const Json& answer, const std::string& sentence) {
  std::printf("%s\n", wish.service.json ? answer.dump().c_str() : sentence.c_str());
}

}  // namespace

void add_cluster(CLI::App& app) {
  CLI::App* cluster = app.add_subcommand("cluster", "Shows the cluster, and moves shards between its nodes");
  cluster->require_subcommand(1);
  add_status(*cluster);

  const auto drain = std::make_shared<Wish>();
  CLI::App* command = cluster->add_subcommand("drain", "Wish that a node gives all its shards away");
  command->add_option("node", drain->node, "The node's name")->required();
  add_service_options(*command, drain->service, false);
  command->callback([drain] {
    const Json answer = ask(drain->service, "POST", "/v1/cluster/nodes/" + percent_encoded(drain->node) + "/drain");
    say(*drain, answer,
        "Node " + drain->node + " gives its shards away. Follow it with `dompetctl cluster status --watch`.");
  });

  const auto move = std::make_shared<Wish>();
  command = cluster->add_subcommand("move", "Wish that a shard moves to a node");
  command->add_option("shard", move->shard, "The shard")->required()->check(CLI::NonNegativeNumber);
  command->add_option("to", move->node, "The node's name")->required();
  add_service_options(*command, move->service, false);
  command->callback([move] {
    const Json answer = ask(move->service, "POST", "/v1/cluster/shards/" + std::to_string(move->shard) + "/move",
                            Json{{"to", move->node}}.dump());
    say(*move, answer, "Shard " + std::to_string(move->shard) + " goes to node " + move->node + ".");
  });

  const auto rebalance = std::make_shared<Wish>();
  command = cluster->add_subcommand("rebalance", "Move shards until no node has more than its share");
  add_service_options(*command, rebalance->service, false);
  command->callback([rebalance] {
    const Json answer = ask(rebalance->service, "POST", "/v1/cluster/rebalance");
    say(*rebalance, answer, text_of(answer, "moves") + " shards are with nodes that have too many, and will move.");
  });
}

}  // namespace dompet::cli
