#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "graphql/document.hpp"
#include "graphql/value.hpp"

namespace dompet::graphql {

/// A step on the way to a value of the answer: a key, or a place in a list.
using Step = std::variant<std::string, std::size_t>;
using Path = std::vector<Step>;

/// Something that went wrong, as clients see it (section 7.1.2 of the specification).
struct Fault {
  std::string message{};
  std::vector<Location> locations{};
  /// Of the field whose value it was; empty for what kept the whole request from being carried out.
  Path path{};
  /// An object; a null is left out.
  Value extensions{};
};

/// The fault with a code that programs can read.
Fault fault(std::string_view code, std::string message, std::vector<Location> locations = {});

void append_json(std::string& out, const Fault& fault);

/// `wallets.edges.0.node`, for people.
std::string text_of(const Path& path);

}  // namespace dompet::graphql
