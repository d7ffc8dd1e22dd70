#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graphql/document.hpp"
#include "graphql/syntax_tree.hpp"

namespace dompet::graphql {

/// The document that a text is, or one fault with the place where it stops being one.
std::expected<Document, Fault> parse(std::string_view text, const TextLimits& limits = {});

/// What pieces of a tree mean; for documents and schemas alike. They throw a Fault where the grammar alone cannot say
/// no: a variable where a constant must be, half of a surrogate pair.
class Reading {
 public:
  explicit Reading(std::string_view text) : text_(text) {}

  std::string_view text() const { return text_; }
  std::string_view text(const SyntaxNode& node) const { return text_.substr(node.begin, node.end - node.begin); }
  /// Of the node's own name, its first child of that kind.
  std::string name(const SyntaxNode& node) const;
  Value value(const SyntaxNode& node, bool is_constant) const;
  std::string string(const SyntaxNode& node) const;
  /// Made of the node at `place` of the children and those behind it, as the grammar puts them.
  TypeReference type(const std::vector<SyntaxNode>& children) const;
  std::vector<Directive> directives(const SyntaxNode& node, bool is_constant) const;
  std::optional<Value> fallback(const SyntaxNode& node) const;

 private:
  std::vector<Argument> arguments(const SyntaxNode& node, bool is_constant) const;

  friend class DocumentReading;
  std::string_view text_;
};

const SyntaxNode* find(const SyntaxNode& node, SyntaxKind kind);

}  // namespace dompet::graphql
