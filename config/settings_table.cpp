#include "config/settings_table.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "config/setting_rows.hpp"

namespace dompet {

namespace {

using namespace rows;

bool is_plain_name(std::string_view text) {
  const auto plain = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '-' || letter == '_' || letter == '.';
  };
  return !text.empty() && text.size() <= 40 && std::ranges::all_of(text, plain);
}

bool is_path(std::string_view text) { return !text.empty() && text.find('\0') == text.npos; }

/// Database URLs have no spaces, so that a list of them needs no other form.
std::optional<std::vector<std::string>> urls_in(std::string_view text) {
  std::vector<std::string> urls;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view url = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    if (url.empty())
      continue;
    if ((!url.starts_with("postgresql://") && !url.starts_with("postgres://")) || !is_any_text(url))
      return std::nullopt;
    urls.emplace_back(url);
  }
  return urls;
}

Setting more_databases(Names names) {
  Setting row{names.section, names.name, ValueForm::text, {}, "PostgreSQL URLs with spaces between them", names.reason};
  row.read = [](const Settings& settings) {
    std::string text;
    for (const std::string& url : settings.database.more)
      text += (text.empty() ? "" : " ") + url;
    return text;
  };
  row.write = [](Settings& settings, std::string_view text) {
    auto urls = urls_in(text);
    if (urls)
      settings.database.more = std::move(*urls);
    return urls.has_value();
  };
  return row;
}

void add_process(Rows& rows) {
  rows.push_back(choice<Profile>({"", "profile",
                                  "production refuses a database that could lose a commit (fsync, full_page_writes or "
                                  "synchronous_commit off, a server in recovery); development only warns about it."},
                                 {{"production", Profile::production}, {"development", Profile::development}},
                                 [](auto& s) -> auto& { return s.profile; }));
  rows.push_back(
      words({"", "var", "The directory of this process: its lock, which keeps a second server away, and its pid file."},
            "the path of a directory", is_path, [](auto& s) -> auto& { return s.var_directory; }));
  rows.push_back(words(
      {"node", "name", "What this node is called in logs, in the table of nodes and in PostgreSQL's application_name."},
      "1 to 40 letters, digits, dots, dashes and underscores", is_plain_name,
      [](auto& s) -> auto& { return s.engine.node_name; }));
}

void add_database(Rows& rows) {
  rows.push_back(
      hidden(words({"database", "url",
                    "The PostgreSQL database that keeps the journal: a libpq connection string or URL, such as "
                    "postgresql:///dompet?host=/run/postgresql. There is no default: money must not end up in a "
                    "database that nobody named."},
                   "a libpq connection string or URL", is_any_text, [](auto& s) -> auto& { return s.database.url; })));
  rows.push_back(hidden(more_databases(
      {"database", "more",
       "Further databases, each with shards of its own and a commit lane of its own, when one PostgreSQL server is not "
       "enough. The same on every node, in the order of their numbers: the one above is number 0 and keeps the table "
       "of nodes. A new one is empty until `dompetctl shard move-database` brings shards there."})));
  rows.push_back(number({"database", "connect_timeout_s",
                         "How long one attempt to connect may take. Short, because another attempt follows."},
                        "seconds", 1, 60, [](auto& s) -> auto& { return s.database.connect_timeout_s; }));
  rows.push_back(number({"database", "answer_timeout_ms",
                         "How long a commit may stay without an answer before its connection is given up and its "
                         "outcome is looked up under new epochs. Longer than the slowest healthy fsync."},
                        "milliseconds", 100, 600'000, [](auto& s) -> auto& { return s.database.answer_timeout_ms; }));
  rows.push_back(number({"database", "lock_timeout_ms",
                         "How long a commit or a take-over may wait for another session's lock. It bounds how long a "
                         "stuck session of an earlier owner can hold up this one."},
                        "milliseconds", 100, 60'000, [](auto& s) -> auto& { return s.database.lock_timeout_ms; }));
  rows.push_back(number({"database", "statement_timeout_ms",
                         "How long a list, statement or look-up may run before PostgreSQL cancels it, so that one "
                         "expensive question cannot occupy a connection for ever."},
                        "milliseconds", 100, 600'000,
                        [](auto& s) -> auto& { return s.database.statement_timeout_ms; }));
}

void add_logging(Rows& rows) {
  rows.push_back(choice<LogLevel>({"logging", "level", "The least serious kind of line that is written."},
                                  {{"debug", LogLevel::debug},
                                   {"info", LogLevel::info},
                                   {"warning", LogLevel::warning},
                                   {"error", LogLevel::error}},
                                  [](auto& s) -> auto& { return s.logging.level; }));
  rows.push_back(choice<LogFormat>({"logging", "format", "json for machines, a JSON object a line; text for people."},
                                   {{"json", LogFormat::json}, {"text", LogFormat::text}},
                                   [](auto& s) -> auto& { return s.logging.format; }));
  rows.push_back(number({"logging", "queue_lines",
                         "Lines that may wait to be written. When the reader of stderr is slower, the oldest waiting "
                         "line is dropped and counted: no request ever waits for its log line."},
                        "lines", 16, 1'000'000, [](auto& s) -> auto& { return s.logging.queue_lines; }));
}

std::string with(std::string text, char from, char to) {
  std::ranges::replace(text, from, to);
  return text;
}

}  // namespace

std::string Setting::key() const {
  return section.empty() ? std::string{name} : std::string{section} + '.' + std::string{name};
}

std::string Setting::variable() const {
  std::string text = "DOMPET_" + with(key(), '.', '_');
  for (char& letter : text)
    letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  return text;
}

std::string Setting::flag() const { return "--" + with(with(key(), '.', '-'), '_', '-'); }

const std::vector<Setting>& settings_table() {
  static const rows::Rows table = [] {
    rows::Rows rows;
    add_process(rows);
    add_database(rows);
    rows::add_http(rows);
    rows::add_identity(rows);
    rows::add_money(rows);
    rows::add_engine(rows);
    rows::add_risk(rows);
    rows::add_cluster(rows);
    rows::add_reading(rows);
    rows::add_provider(rows);
    rows::add_marketplaces(rows);
    rows::add_exchange(rows);
    rows::add_mail(rows);
    rows::add_events(rows);
    rows::add_webhooks(rows);
    rows::add_graphql(rows);
    add_logging(rows);
    return rows;
  }();
  return table;
}

}  // namespace dompet
