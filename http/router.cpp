#include "http/router.hpp"

#include "domain/ensure.hpp"

namespace dompet::http {

namespace {

constexpr std::size_t method_count = static_cast<std::size_t>(Method::other) + 1;

std::size_t index_of(Method method) { return static_cast<std::size_t>(method); }

/// Takes the segment behind the leading slash off the path.
std::string_view next_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

bool is_capture(std::string_view segment) { return segment.starts_with('{'); }

}  // namespace

struct Router::Node {
  std::vector<std::pair<std::string_view, std::unique_ptr<Node>>> children{};
  std::unique_ptr<Node> captured{};
  std::array<const Route*, method_count> routes{};
  bool is_end = false;

  Node* child(std::string_view segment) const {
    for (const auto& [name, node] : children)
      if (name == segment)
        return node.get();
    return nullptr;
  }

  Node& make_child(std::string_view segment) {
    if (is_capture(segment)) {
      if (!captured)
        captured = std::make_unique<Node>();
      return *captured;
    }
    if (Node* known = child(segment))
      return *known;
    return *children.emplace_back(segment, std::make_unique<Node>()).second;
  }
};

Router::Router(std::span<const Route> routes) : root_(std::make_unique<Node>()) {
  for (const Route& route : routes) {
    Node* node = root_.get();
    for (std::string_view path = route.path; !path.empty();)
      node = &node->make_child(next_segment(path));
    ensure(node->routes[index_of(route.method)] == nullptr, "a route stands in the table once");
    node->routes[index_of(route.method)] = &route;
    node->is_end = true;
  }
}

Router::~Router() = default;

Found Router::find(Method method, std::string_view path) const {
  Found found;
  const Node* node = root_.get();
  std::size_t captures = 0;
  while (node != nullptr && path.starts_with('/')) {
    const std::string_view segment = next_segment(path);
    const Node* next = node->child(segment);
    if (next == nullptr && node->captured && !segment.empty() && captures < found.captures.size()) {
      next = node->captured.get();
      found.captures[captures++] = segment;
    }
    node = next;
  }
  if (node == nullptr || !path.empty() || !node->is_end)
    return {};
  found.route = node->routes[index_of(method == Method::head ? Method::get : method)];
  if (found.route == nullptr)
    found.allow = allowed(*node);
  return found;
}

std::string Router::allowed(const Node& node) {
  std::string allow = "OPTIONS";
  if (node.routes[index_of(Method::get)] != nullptr)
    allow += ", HEAD";
  for (const Route* route : node.routes)
    if (route != nullptr)
      (allow += ", ") += name_of(route->method);
  return allow;
}

}  // namespace dompet::http
