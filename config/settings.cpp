#include "config/settings.hpp"

#include <CLI/CLI.hpp>
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "config/settings_table.hpp"

extern char** environ;  // POSIX: the process's variables, NAME=value each

namespace dompet {

namespace {

constexpr std::string_view prefix = "DOMPET_";
constexpr const char* config_variable = "DOMPET_CONFIG";

/// Settings being read, and what was found to be wrong so far.
struct Reading {
  Settings settings{};
  std::vector<std::string> problems{};
};

std::string joined(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences)
    text += (text.empty() ? "" : "\n") + sentence;
  return text;
}

const Setting* find_row(std::string_view key) {
  const auto& table = settings_table();
  const auto found = std::ranges::find_if(table, [&](const Setting& row) { return row.key() == key; });
  return found == table.end() ? nullptr : &*found;
}

void refuse(Reading& reading, const Setting& row, std::string_view value, const std::string& origin) {
  const std::string shown = row.is_secret ? "set to something else" : std::string{value};
  reading.problems.push_back(row.key() + " is " + shown + " (" + origin + "), but it must be " + row.allowed + '.');
}

void assign(Reading& reading, const Setting& row, const std::string& text, const std::string& origin) {
  if (!row.write(reading.settings, text))
    refuse(reading, row, '"' + text + '"', origin);
}

// --- The file --------------------------------------------------------------------------------------------------------

/// The value as the environment would give it, when the file wrote it in the setting's own form.
std::optional<std::string> text_of(const toml::node& node, ValueForm form) {
  if (form == ValueForm::text && node.is_string())
    return node.as_string()->get();
  if (form == ValueForm::number && node.is_integer())
    return std::to_string(node.as_integer()->get());
  if (form == ValueForm::boolean && node.is_boolean())
    return node.as_boolean()->get() ? "true" : "false";
  return std::nullopt;
}

std::string as_written(const toml::node& node) {
  std::ostringstream out;
  node.visit([&out](const auto& value) {
    if constexpr (toml::is_value<decltype(value)>)
      out << value;
    else
      out << "a list or section";
  });
  return out.str();
}

std::string place_of(const toml::node& node, const std::string& file) {
  return file + ", line " + std::to_string(node.source().begin.line);
}

void take_node(Reading& reading, const std::string& key, const toml::node& node, const std::string& file) {
  const Setting* row = find_row(key);
  if (row == nullptr)
    reading.problems.push_back("There is no setting " + key + " (" + place_of(node, file) + ").");
  else if (const auto text = text_of(node, row->form))
    assign(reading, *row, *text, place_of(node, file));
  else
    refuse(reading, *row, as_written(node), place_of(node, file));
}

bool is_section(std::string_view name) {
  return !name.empty() &&
         std::ranges::any_of(settings_table(), [&](const Setting& row) { return row.section == name; });
}

void take_file(Reading& reading, const std::string& file) {
  toml::table root;
  try {
    root = toml::parse_file(file);
  } catch (const toml::parse_error& fault) {
    const auto line = fault.source().begin.line;
    reading.problems.push_back("The settings file " + file + " cannot be read" +
                               (line > 0 ? ", line " + std::to_string(line) : std::string{}) + ": " +
                               std::string{fault.description()} + '.');
    return;
  }
  for (const auto& [name, node] : root) {
    const std::string outer{name.str()};
    if (!node.is_table() || !is_section(outer)) {
      take_node(reading, outer, node, file);
      continue;
    }
    for (const auto& [inner, value] : *node.as_table())
      take_node(reading, outer + '.' + std::string{inner.str()}, value, file);
  }
}

// --- The environment
// ---------------------------------------------------------------------------------------------------

/// Names that begin like those of a section but are none of its settings: most likely misspelt.
bool looks_like_a_setting(std::string_view variable) {
  return std::ranges::any_of(settings_table(), [&](const Setting& row) {
    const std::string whole = row.variable();
    const std::string_view section = std::string_view{whole}.substr(0, whole.size() - row.name.size());
    return section != prefix && variable.starts_with(section);
  });
}

void take_environment(Reading& reading, const Environment& environment) {
  for (const auto& [name, value] : environment) {
    if (value.empty())
      continue;
    const auto& table = settings_table();
    const auto row = std::ranges::find_if(table, [&](const Setting& one) { return one.variable() == name; });
    if (row != table.end())
      assign(reading, *row, value, "the variable " + name);
    else if (looks_like_a_setting(name))
      reading.problems.push_back("There is no setting for the variable " + name + '.');
  }
}

// --- Flags
// -------------------------------------------------------------------------------------------------------------

/// The command line as given; what its texts mean is judged after file and environment.
struct Flags {
  CLI::App app{"dompetd: a transaction processor for card wallets. Every setting can stand in a TOML file, in the\n"
               "environment and here; later wins in this order.",
               "dompetd"};
  std::string config_file{};
  bool version = false;
  bool example = false;
  bool routes = false;
  /// Beside the table's rows.
  std::vector<std::string> texts{};
  std::vector<const CLI::Option*> options{};
};

std::string description_of(const Setting& row) {
  const std::string standard = row.read(Settings{});
  std::string_view first_sentence = row.reason.substr(0, row.reason.find(". "));
  if (first_sentence.ends_with('.'))
    first_sentence.remove_suffix(1);
  return std::string{first_sentence} + (standard.empty() ? std::string{} : " (default " + standard + ')');
}

/// The database is what nearly every start names, so its flag has a short form, the same as dompetctl's.
std::string names_of(const Setting& setting) {
  return setting.key() == "database.url" ? "--database," + setting.flag() : setting.flag();
}

void declare(Flags& flags) {
  flags.app.set_help_flag("--help,-h", "Prints this and exits");
  flags.app.add_option("--config", flags.config_file, "A TOML file with settings; also DOMPET_CONFIG")
      ->type_name("FILE");
  flags.app.add_flag("--version", flags.version, "Prints the version and exits");
  flags.app.add_flag("--print-example-config", flags.example,
                     "Prints a file with every setting, its default and reason");
  flags.app.add_flag("--print-routes", flags.routes, "Prints every HTTP route and exits");
  flags.app.get_formatter()->column_width(44);
  const auto& table = settings_table();
  flags.texts.resize(table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::string description = description_of(table[i]);
    if (table[i].form == ValueForm::boolean)
      flags.options.push_back(flags.app.add_flag(table[i].flag() + "{true}", flags.texts[i], description));
    else
      flags.options.push_back(flags.app.add_option(names_of(table[i]), flags.texts[i], description)->type_name(""));
  }
}

Wish wish_of(const Flags& flags) {
  if (flags.version)
    return Wish::show_version;
  if (flags.example)
    return Wish::show_example_config;
  return flags.routes ? Wish::show_routes : Wish::serve;
}

/// Takes the values that the command line gave. What it cannot even be split into is a problem as well.
std::optional<Wish> parse(Reading& reading, Flags& flags, const std::vector<std::string>& arguments) {
  declare(flags);
  try {
    flags.app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    return Wish::show_help;
  } catch (const CLI::ParseError& fault) {
    reading.problems.push_back("The command line cannot be read: " + std::string{fault.what()} + '.');
  }
  return wish_of(flags);
}

void take_flags(Reading& reading, const Flags& flags) {
  for (std::size_t i = 0; i < flags.options.size(); ++i)
    if (flags.options[i]->count() > 0)
      assign(reading, settings_table()[i], flags.texts[i], "the flag " + settings_table()[i].flag());
}

/// The file that was named, by flag before variable.
std::optional<std::string> config_file(const Flags& flags, const Environment& environment) {
  if (!flags.config_file.empty())
    return flags.config_file;
  const auto variable = environment.find(config_variable);
  if (variable != environment.end() && !variable->second.empty())
    return variable->second;
  return std::nullopt;
}

}  // namespace

BadSettings::BadSettings(std::vector<std::string> sentences)
    : std::runtime_error(joined(sentences)), problems(std::move(sentences)) {}

Environment process_environment() {
  Environment found;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const std::size_t equals = text.find('=');
    if (text.starts_with(prefix) && equals != text.npos)
      found.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

Invocation read_invocation(const std::vector<std::string>& arguments, const Environment& environment) {
  Reading reading;
  Flags flags;
  const auto wish = parse(reading, flags, arguments);
  if (wish == Wish::serve) {
    if (const auto file = config_file(flags, environment))
      take_file(reading, *file);
    take_environment(reading, environment);
    take_flags(reading, flags);
    // The lane's age is bounded at the door and in the lane by the one setting.
    reading.settings.http.lane_queue_rows = reading.settings.engine.lane_queue_rows;
    reading.settings.http.lane_age_limit = reading.settings.engine.lane_age_limit;
    std::ranges::move(contradictions(reading.settings), std::back_inserter(reading.problems));
  }
  if (!reading.problems.empty())
    throw BadSettings(std::move(reading.problems));
  return {*wish, std::move(reading.settings), flags.app.help()};
}

}  // namespace dompet
