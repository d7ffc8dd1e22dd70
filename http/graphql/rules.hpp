#pragma once

#include "graphql/request.hpp"
#include "http/settings.hpp"

namespace dompet::http {

/// What the settings say, as the language's room wants it.
inline graphql::Rules rules_of(const GraphqlSettings& settings) {
  const auto number = [](std::size_t limit) { return static_cast<std::int64_t>(limit); };
  return {.limits = {.text = {.bytes = settings.max_bytes, .tokens = settings.max_tokens},
                     .depth = number(settings.max_depth),
                     .fields = number(settings.max_fields),
                     .roots = number(settings.max_roots),
                     .cost = number(settings.max_cost),
                     .values = number(settings.max_values),
                     .input_bytes = number(settings.max_bytes)},
          .introspection = settings.introspection};
}

}  // namespace dompet::http
