#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/settings_table.hpp"

/// How rows of the table of settings are made. `access` is a generic lambda that gives the setting's place in a
/// Settings, constant or not; the row's default is what a fresh Settings has there.
namespace dompet::rows {

using Rows = std::vector<Setting>;

// The sections that have a file of their own.
void add_http(Rows& rows);
void add_identity(Rows& rows);
void add_money(Rows& rows);
void add_engine(Rows& rows);
void add_risk(Rows& rows);
void add_cluster(Rows& rows);
void add_reading(Rows& rows);
void add_provider(Rows& rows);
void add_marketplaces(Rows& rows);
void add_exchange(Rows& rows);
void add_mail(Rows& rows);
void add_events(Rows& rows);
void add_webhooks(Rows& rows);
void add_graphql(Rows& rows);

inline std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size() || text.empty())
    return std::nullopt;
  return value;
}

struct Address {
  /// Without the brackets of an IPv6 address.
  std::string_view host{};
  std::uint16_t port = 0;
};

/// host:port, where an IPv6 host stands in brackets.
inline std::optional<Address> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0)
    return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const auto port = whole_number(text.substr(colon + 1));
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed)
    host = host.substr(1, host.size() - 2);
  if (host.empty() || (!bracketed && host.find(':') != host.npos) || !port || *port < 0 || *port > 65'535)
    return std::nullopt;
  return Address{host, static_cast<std::uint16_t>(*port)};
}

/// What libpq or the file system will judge.
inline bool is_any_text(std::string_view text) { return text.find('\0') == text.npos; }

/// The row, but its value is never shown.
inline Setting hidden(Setting row) {
  row.is_secret = true;
  return row;
}

/// Durations count in their own unit, everything else is a number already.
template <class Value>
std::int64_t count_of(const Value& value) {
  if constexpr (requires { value.count(); })
    return value.count();
  else
    return static_cast<std::int64_t>(value);
}

/// What every row begins with.
struct Names {
  std::string_view section{};
  std::string_view name{};
  std::string_view reason{};
};

template <class Access>
Setting number(Names names, std::string_view unit, std::int64_t least, std::int64_t most, Access access) {
  Setting row{names.section, names.name, ValueForm::number, unit, {}, names.reason};
  row.allowed =
      "a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ' ' + std::string{unit};
  row.read = [access](const Settings& settings) { return std::to_string(count_of(access(settings))); };
  row.write = [access, least, most](Settings& settings, std::string_view text) {
    const auto value = whole_number(text);
    if (!value || *value < least || *value > most)
      return false;
    auto& target = access(settings);
    target = std::decay_t<decltype(target)>(*value);
    return true;
  };
  return row;
}

template <class Access>
Setting boolean(Names names, Access access) {
  Setting row{names.section, names.name, ValueForm::boolean, {}, "true or false", names.reason};
  row.read = [access](const Settings& settings) { return std::string{access(settings) ? "true" : "false"}; };
  row.write = [access](Settings& settings, std::string_view text) {
    if (text != "true" && text != "false")
      return false;
    access(settings) = text == "true";
    return true;
  };
  return row;
}

template <class Choice, class Access>
Setting choice(Names names, std::vector<std::pair<std::string_view, Choice>> choices, Access access) {
  Setting row{names.section, names.name, ValueForm::text, {}, {}, names.reason};
  for (std::size_t i = 0; i < choices.size(); ++i)
    row.allowed += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + std::string{choices[i].first};
  row.read = [access, choices](const Settings& settings) {
    const auto at = std::ranges::find(choices, access(settings), &std::pair<std::string_view, Choice>::second);
    return std::string{at->first};
  };
  row.write = [access, choices](Settings& settings, std::string_view text) {
    const auto at = std::ranges::find(choices, text, &std::pair<std::string_view, Choice>::first);
    if (at == choices.end())
      return false;
    access(settings) = at->second;
    return true;
  };
  return row;
}

template <class Access>
Setting words(Names names, std::string allowed, bool (*is_allowed)(std::string_view), Access access) {
  Setting row{names.section, names.name, ValueForm::text, {}, std::move(allowed), names.reason};
  row.read = [access](const Settings& settings) -> std::string { return access(settings); };
  row.write = [access, is_allowed](Settings& settings, std::string_view text) {
    if (!is_allowed(text))
      return false;
    access(settings) = std::string{text};
    return true;
  };
  return row;
}

/// Words with spaces between them.
template <class Access>
Setting list(Names names, std::string allowed, bool (*is_word)(std::string_view), Access access) {
  Setting row{names.section, names.name, ValueForm::text, {}, std::move(allowed), names.reason};
  row.read = [access](const Settings& settings) {
    std::string text;
    for (const std::string& word : access(settings))
      text += (text.empty() ? "" : " ") + word;
    return text;
  };
  row.write = [access, is_word](Settings& settings, std::string_view text) {
    std::vector<std::string> found;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(' '), text.size());
      if (end > 0 && !is_word(text.substr(0, end)))
        return false;
      if (end > 0)
        found.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(text.size(), end + 1));
    }
    access(settings) = std::move(found);
    return true;
  };
  return row;
}

}  // namespace dompet::rows
