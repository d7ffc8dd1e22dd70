#include "graphql/fault.hpp"

namespace dompet::graphql {

Fault fault(std::string_view code, std::string message, std::vector<Location> locations) {
  Fault made{.message = std::move(message), .locations = std::move(locations)};
  made.extensions = Value::of_object({{"code", Value::of_text(std::string{code})}});
  return made;
}

void append_json(std::string& out, const Fault& fault) {
  out += "{\"message\":";
  append_json_text(out, fault.message);
  if (!fault.locations.empty()) {
    out += ",\"locations\":[";
    for (const Location& place : fault.locations) {
      if (&place != fault.locations.data())
        out += ',';
      out += "{\"line\":";
      out += std::to_string(place.line);
      out += ",\"column\":";
      out += std::to_string(place.column);
      out += '}';
    }
    out += ']';
  }
  if (!fault.path.empty()) {
    out += ",\"path\":[";
    for (const Step& step : fault.path) {
      if (&step != fault.path.data())
        out += ',';
      if (const auto* key = std::get_if<std::string>(&step))
        append_json_text(out, *key);
      else
        out += std::to_string(std::get<std::size_t>(step));
    }
    out += ']';
  }
  if (!fault.extensions.is_null()) {
    out += ",\"extensions\":";
    append_json(out, fault.extensions);
  }
  out += '}';
}

std::string text_of(const Path& path) {
  std::string text;
  for (const Step& step : path) {
    if (!text.empty())
      text += '.';
    if (const auto* key = std::get_if<std::string>(&step))
      text += *key;
    else
      text += std::to_string(std::get<std::size_t>(step));
  }
  return text;
}

}  // namespace dompet::graphql
