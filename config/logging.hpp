#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace dompet {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { json, text };

struct LoggingSettings {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::json;
  /// Lines that may wait for the writing thread. When it falls behind, the oldest waiting line is overwritten and
  /// counted: the hot path never waits for a terminal, a pipe or a disk.
  std::size_t queue_lines = 8'192;
};

/// Makes spdlog's default logger one that writes a line per event to stderr, from a thread of its own:
/// {"ts":"2026-11-20T10:15:30.123Z","level":"info","msg":"…", …fields}. Everything, from any thread, may then call
/// `log_event` or spdlog's own functions. Call it once, with the process's signals already blocked.
void start_logging(const LoggingSettings& settings);

/// Writes what still waits and stops the thread. Later lines are lost.
void stop_logging();

/// Lines overwritten since the start because the writing thread could not keep up.
std::size_t lost_log_lines();

/// A named value beside the message. Texts may hold anything; they are escaped.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;

  LogField(std::string_view field, std::string_view text) : name(field), value(text) {}
  LogField(std::string_view field, const std::string& text) : name(field), value(std::string_view{text}) {}
  LogField(std::string_view field, const char* text) : name(field), value(std::string_view{text}) {}
  LogField(std::string_view field, bool truth) : name(field), value(truth) {}
  LogField(std::string_view field, double number) : name(field), value(number) {}
  template <class Integer>
    requires std::is_integral_v<Integer>
  LogField(std::string_view field, Integer number) : name(field), value(static_cast<std::int64_t>(number)) {}
};

/// One line with fields: log_event(LogLevel::info, "request", {{"request_id", id}, {"status", 201}}).
void log_event(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

/// The line that such an event becomes, without its end. `at_ms` is milliseconds since 1970. What `log_event` and
/// the formatter share; a test reads it back with a JSON parser.
std::string log_line(LogFormat format, std::int64_t at_ms, std::string_view level, std::string_view message,
                     std::string_view encoded_fields);

/// Fields as they stand in a line: `,"name":value` each in JSON, ` name=value` in text.
std::string encode_fields(LogFormat format, std::initializer_list<LogField> fields);

}  // namespace dompet
