#include "config/logging.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cctype>
#include <cmath>
#include <ctime>
#include <memory>

namespace dompet {

namespace {

/// Between a message and its encoded fields, in lines of the logger below only. A message's own control characters
/// are taken out before, so nothing that a client sends can forge a field.
constexpr char field_mark = '\x1f';
constexpr const char* event_logger_name = "events";

LogFormat line_format = LogFormat::json;
std::shared_ptr<spdlog::logger> event_logger;

bool is_control(char letter) { return static_cast<unsigned char>(letter) < 0x20; }

/// How many bytes the UTF-8 sequence at the front of `text` takes (RFC 3629); 0 when there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || length > text.size())
    return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80)
      return 0;
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool outside = (first == 0xED && byte(1) > 0x9F) || (first == 0xF4 && byte(1) > 0x8F);
  return overlong || outside ? 0 : length;
}

void append_escaped_byte(std::string& out, char letter) {
  constexpr char digits[] = "0123456789abcdef";
  if (letter == '"' || letter == '\\')
    out += {'\\', letter};
  else if (letter == '\n')
    out += "\\n";
  else if (is_control(letter) || letter == '\x7f')
    out += {'\\', 'u', '0', '0', digits[letter >> 4 & 15], digits[letter & 15]};
  else
    out += letter;
}

/// JSON's escapes; a byte that is no UTF-8 becomes the replacement character, so that every line can be parsed.
void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 1)
      append_escaped_byte(out, text.front());
    else
      out += length == 0 ? std::string_view{"\xEF\xBF\xBD"} : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

std::string number_text(double number) {
  if (!std::isfinite(number))
    return "null";
  return fmt::format("{:g}", number);
}

void append_value(std::string& out, const LogField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value))
    append_quoted(out, *text);
  else if (const auto* number = std::get_if<std::int64_t>(&field.value))
    out += std::to_string(*number);
  else if (const auto* real = std::get_if<double>(&field.value))
    out += number_text(*real);
  else
    out += std::get<bool>(field.value) ? "true" : "false";
}

/// RFC 3339 in UTC with milliseconds.
std::string time_text(std::int64_t at_ms) {
  const std::time_t seconds = static_cast<std::time_t>(at_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, at_ms % 1000);
}

std::string_view name_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug: return "debug";
    case spdlog::level::info: return "info";
    case spdlog::level::warn: return "warning";
    default: return "error";
  }
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

class LineFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& event, spdlog::memory_buf_t& out) override {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    std::string_view message{event.payload.data(), event.payload.size()};
    std::string_view fields;
    if (std::string_view{event.logger_name.data(), event.logger_name.size()} == event_logger_name) {
      const std::size_t mark = message.find(field_mark);
      fields = message.substr(mark + 1);
      message = message.substr(0, mark);
    }
    const auto at_ms = duration_cast<milliseconds>(event.time.time_since_epoch()).count();
    const std::string line = log_line(line_format, at_ms, name_of(event.level), message, fields) + '\n';
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<LineFormatter>(); }
};

}  // namespace

std::string log_line(LogFormat format, std::int64_t at_ms, std::string_view level, std::string_view message,
                     std::string_view encoded_fields) {
  std::string line;
  line.reserve(96 + message.size() + encoded_fields.size());
  if (format == LogFormat::text) {
    line += time_text(at_ms);
    line += fmt::format(" {:<7} ", level);
    append_escaped(line, message);
    line += encoded_fields;
    return line;
  }
  line += "{\"ts\":\"" + time_text(at_ms) + "\",\"level\":\"";
  line += level;
  line += "\",\"msg\":";
  append_quoted(line, message);
  line += encoded_fields;
  line += '}';
  return line;
}

std::string encode_fields(LogFormat format, std::initializer_list<LogField> fields) {
  std::string out;
  for (const LogField& field : fields) {
    if (format == LogFormat::json) {
      out += ',';
      append_quoted(out, field.name);
      out += ':';
    } else {
      out += ' ';
      out += field.name;
      out += '=';
    }
    append_value(out, field);
  }
  return out;
}

void start_logging(const LoggingSettings& settings) {
  line_format = settings.format;
  spdlog::init_thread_pool(settings.queue_lines, 1);
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  const auto make = [&](const char* name) {
    auto logger = std::make_shared<spdlog::async_logger>(name, sink, spdlog::thread_pool(),
                                                         spdlog::async_overflow_policy::overrun_oldest);
    logger->set_formatter(std::make_unique<LineFormatter>());
    logger->set_level(to_spdlog(settings.level));
    logger->flush_on(spdlog::level::warn);
    return logger;
  };
  event_logger = make(event_logger_name);
  spdlog::set_default_logger(make("dompet"));
}

void stop_logging() {
  event_logger.reset();
  spdlog::shutdown();
}

std::size_t lost_log_lines() {
  const auto pool = spdlog::thread_pool();
  return pool ? pool->overrun_counter() : 0;
}

void log_event(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!event_logger || !event_logger->should_log(to_spdlog(level)))
    return;
  std::string payload;
  payload.reserve(message.size() + 64);
  for (char letter : message)
    payload += is_control(letter) ? ' ' : letter;
  payload += field_mark;
  payload += encode_fields(line_format, fields);
  event_logger->log(to_spdlog(level), spdlog::string_view_t{payload.data(), payload.size()});
}

}  // namespace dompet
