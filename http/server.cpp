#include "http/server.hpp"

#include <pthread.h>
#include <restinio/all.hpp>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "config/logging.hpp"
#include "http/id_source.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

using std::chrono::steady_clock;

struct Traits : restinio::default_single_thread_traits_t {
  static constexpr bool use_connection_count_limiter = true;
};

using Server = restinio::http_server_t<Traits>;
using Request = restinio::request_handle_t;

constexpr std::chrono::milliseconds tick_every{100};
constexpr std::chrono::milliseconds tick_while_stopping{10};
/// RESTinio's own limits lie behind ours, because it closes the connection without a word.
constexpr std::size_t most_header_fields = 256;
constexpr std::size_t longest_header_field = std::size_t{64} * 1024;
constexpr std::chrono::seconds behind_our_deadline{10};
constexpr std::size_t read_buffer_bytes = 8'192;
/// Answers come in order and pipelined requests run one after the other, as RFC 9112 wants it for those that change
/// things.
constexpr std::size_t requests_at_once_per_connection = 1;

Method method_of(const restinio::http_method_id_t& method) {
  static const std::pair<restinio::http_method_id_t, Method> known[]{
      {restinio::http_method_get(), Method::get},        {restinio::http_method_post(), Method::post},
      {restinio::http_method_patch(), Method::patch},    {restinio::http_method_head(), Method::head},
      {restinio::http_method_put(), Method::put},        {restinio::http_method_delete(), Method::delete_},
      {restinio::http_method_options(), Method::options}};
  for (const auto& [id, name] : known)
    if (id == method)
      return name;
  return Method::other;
}

const char* reason_of(int status) {
  static const std::map<int, const char*> reasons{{200, "OK"},
                                                  {201, "Created"},
                                                  {202, "Accepted"},
                                                  {204, "No Content"},
                                                  {400, "Bad Request"},
                                                  {401, "Unauthorized"},
                                                  {402, "Payment Required"},
                                                  {403, "Forbidden"},
                                                  {404, "Not Found"},
                                                  {405, "Method Not Allowed"},
                                                  {409, "Conflict"},
                                                  {413, "Content Too Large"},
                                                  {415, "Unsupported Media Type"},
                                                  {422, "Unprocessable Content"},
                                                  {429, "Too Many Requests"},
                                                  {431, "Request Header Fields Too Large"},
                                                  {500, "Internal Server Error"},
                                                  {503, "Service Unavailable"}};
  const auto found = reasons.find(status);
  return found == reasons.end() ? "Unknown" : found->second;
}

std::string_view view_of(restinio::string_view_t text) { return {text.data(), text.size()}; }

/// Views into RESTinio's request, which the exchange keeps.
void read_request(const Request& from, HttpRequest& request) {
  const auto& header = from->header();
  request.method = method_of(header.method());
  request.path = view_of(header.path());
  request.query = view_of(header.query());
  request.body = from->body();
  request.headers.reserve(header.fields_count());
  header.for_each_field([&](const auto& field) { request.headers.emplace_back(field.name(), field.value()); });
  request.header_bytes = header.request_target().size();
  for (const auto& [name, value] : request.headers)
    request.header_bytes += name.size() + value.size() + 4;
  request.client = from->remote_endpoint().address().to_string();
}

template <class Builder>
void write_head(Builder& builder, const Exchange& exchange, HttpResponse& response, const std::string& date) {
  builder.append_header("Date", date);
  if (!response.content_type.empty())
    builder.append_header(restinio::http_field::content_type, std::string{response.content_type});
  builder.append_header("X-Request-Id", exchange.request.request_id);
  for (auto& [name, value] : response.headers)
    builder.append_header(std::string{name}, std::move(value));
  for (const auto& [name, value] : exchange.headers)
    builder.append_header(std::string{name}, value);
}

/// A response in chunks, as long as the client takes them.
class ChunkedStream final : public Stream, public std::enable_shared_from_this<ChunkedStream> {
 public:
  using Builder = restinio::response_builder_t<restinio::chunked_output_t>;

  explicit ChunkedStream(Builder builder) : builder_(std::move(builder)) {}

  void push(std::string text) override {
    if (!builder_ || is_writing_)
      return;
    is_writing_ = true;
    builder_->append_chunk(std::move(text));
    builder_->flush([weak = weak_from_this()](const asio::error_code& error) {
      const auto self = weak.lock();
      if (!self)
        return;
      self->is_writing_ = false;
      if (error)
        self->builder_.reset();
    });
  }
  bool is_open() const override { return builder_.has_value(); }
  bool is_idle() const override { return !is_writing_; }

  void close() override {
    if (builder_)
      builder_->done();
    builder_.reset();
  }

 private:
  /// Gone once the stream is closed: it holds the connection.
  std::optional<Builder> builder_;
  bool is_writing_ = false;
};

}  // namespace

class HttpServer::Parts final : public Outlet {
 public:
  Parts(const Settings& settings, Application& application)
      : settings_(settings), application_(application), ticks_(context_) {}

  void start() {
    server_ = std::make_unique<Server>(restinio::external_io_context(context_),
                                       [this](auto& options) { this->configure(options); });
    try {
      server_->open_sync();
    } catch (const std::exception& error) {
      throw std::runtime_error("Cannot listen on " + settings_.address + ":" + std::to_string(settings_.port) + ": " +
                               error.what() + ".");
    }
    schedule_tick(tick_every);
    thread_ = std::thread([this] { run(); });
  }

  void stop() {
    if (!thread_.joinable())
      return;
    asio::post(context_, [this] {
      is_stopping_ = true;
      stop_at_ = steady_clock::now() + settings_.stop_limit;
      for (const auto& stream : streams_)
        if (const auto open = stream.lock())
          open->close();
      server_->close_sync();
      schedule_tick(tick_while_stopping);
    });
    thread_.join();
    server_.reset();
    open_.clear();
  }

  void post(std::function<void()> task) { asio::post(context_, std::move(task)); }

  void send(Exchange& exchange, HttpResponse response) override {
    auto kept = open_.extract(exchange.serial);
    application_.finished(exchange, response.status);
    if (!is_taking_)
      return write(exchange, std::move(response));
    // Not from within RESTinio's own call: an answer there, with the next request already in the buffer, makes 0.6.16
    // read twice, find no place for the third request, and close the connection.
    asio::post(context_, [this, exchange = std::move(kept.mapped()), response = std::move(response)]() mutable {
      write(*exchange, std::move(response));
    });
  }

  std::shared_ptr<Stream> open_stream(Exchange& exchange, HttpResponse head) override {
    const auto kept = open_.extract(exchange.serial);
    application_.finished(exchange, head.status);
    const auto request = std::static_pointer_cast<Request::element_type>(exchange.connection);
    auto builder = request->create_response<restinio::chunked_output_t>(
        {restinio::http_status_code_t{static_cast<std::uint16_t>(head.status)}, reason_of(head.status)});
    write_head(builder, exchange, head, date());
    builder.connection_close();
    const auto stream = std::make_shared<ChunkedStream>(std::move(builder));
    std::erase_if(streams_, [](const auto& known) { return known.expired(); });
    streams_.push_back(stream);
    return stream;
  }

  std::uint16_t port() const { return port_; }
  std::size_t open_exchanges() const { return open_.size(); }

 private:
  void configure(restinio::server_settings_t<Traits>& options) {
    options.address(settings_.address)
        .port(settings_.port)
        .request_handler([this](Request request) { return take(std::move(request)); })
        .buffer_size(read_buffer_bytes)
        .read_next_http_message_timelimit(settings_.read_limit)
        .write_http_response_timelimit(settings_.write_limit)
        .handle_request_timeout(settings_.request_deadline + behind_our_deadline)
        .max_pipelined_requests(requests_at_once_per_connection)
        .max_parallel_connections(settings_.max_connections)
        .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                      .max_url_size(longest_header_field)
                                      .max_field_name_size(longest_header_field)
                                      .max_field_value_size(longest_header_field)
                                      .max_field_count(most_header_fields)
                                      .max_body_size(settings_.readable_body_bytes))
        .acceptor_options_setter(
            [](auto& acceptor) { acceptor.set_option(asio::ip::tcp::acceptor::reuse_address(true)); })
        .socket_options_setter([](auto& socket) { socket.set_option(asio::ip::tcp::no_delay(true)); })
        .acceptor_post_bind_hook(
            [this](asio::ip::tcp::acceptor& acceptor) { port_ = acceptor.local_endpoint().port(); });
  }

  void run() {
    pthread_setname_np(pthread_self(), "http");
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception& error) {
        log_event(LogLevel::error, "the io thread caught what nobody else did", {{"reason", error.what()}});
      }
    }
  }

  restinio::request_handling_status_t take(Request request) {
    const std::uint64_t serial = ++last_serial_;
    const auto exchange = std::make_shared<Exchange>(*this, serial, request);
    open_.emplace_hint(open_.end(), serial, exchange);
    is_taking_ = true;
    try {
      read_request(request, exchange->request);
      application_.serve(exchange);
    } catch (const std::exception& error) {
      exchange->answer(application_.failure(*exchange, error.what()));
    }
    is_taking_ = false;
    return restinio::request_accepted();
  }

  void write(const Exchange& exchange, HttpResponse response) {
    const auto request = std::static_pointer_cast<Request::element_type>(exchange.connection);
    const restinio::http_status_line_t line{restinio::http_status_code_t{static_cast<std::uint16_t>(response.status)},
                                            reason_of(response.status)};
    if (exchange.request.method == Method::head) {
      auto builder = request->create_response<restinio::user_controlled_output_t>(line);
      write_head(builder, exchange, response, date());
      builder.set_content_length(response.body.size());
      finish(builder);
      return;
    }
    auto builder = request->create_response(line);
    write_head(builder, exchange, response, date());
    builder.set_body(std::move(response.body));
    finish(builder);
  }

  template <class Builder>
  void finish(Builder& builder) {
    if (is_stopping_)
      builder.connection_close();
    builder.done();
  }

  const std::string& date() {
    const std::int64_t now_s = wall_clock_ms() / 1000;
    if (now_s != date_s_) {
      date_s_ = now_s;
      date_ = format_http_date(now_s * 1000);
    }
    return date_;
  }

  void schedule_tick(std::chrono::milliseconds after) {
    ticks_.expires_after(after);
    ticks_.async_wait([this](const asio::error_code& error) {
      if (!error)
        tick();
    });
  }

  void tick() {
    const auto now = steady_clock::now();
    schedule_tick(is_stopping_ ? tick_while_stopping : tick_every);
    application_.tick(now);
    while (!open_.empty() && open_.begin()->second->since + settings_.request_deadline <= now) {
      const ExchangePtr oldest = open_.begin()->second;
      oldest->answer(application_.overdue(*oldest));
    }
    if (!is_stopping_)
      return;
    // One round more than needed, so that the last answers reach their sockets.
    if (open_.empty() ? ++quiet_rounds_ > 3 : now > stop_at_)
      context_.stop();
  }

  const Settings& settings_;
  Application& application_;
  asio::io_context context_;
  asio::steady_timer ticks_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
  std::uint16_t port_ = 0;

  // The io thread's own. Serials only grow, so the first is the oldest.
  std::map<std::uint64_t, ExchangePtr> open_;
  std::vector<std::weak_ptr<ChunkedStream>> streams_;
  std::uint64_t last_serial_ = 0;
  std::string date_;
  std::int64_t date_s_ = 0;
  bool is_taking_ = false;
  bool is_stopping_ = false;
  int quiet_rounds_ = 0;
  steady_clock::time_point stop_at_{};
};

HttpServer::HttpServer(const Settings& settings, Application& application)
    : parts_(std::make_unique<Parts>(settings, application)) {}

HttpServer::~HttpServer() { parts_->stop(); }

void HttpServer::start() { parts_->start(); }

void HttpServer::stop() { parts_->stop(); }

void HttpServer::post(std::function<void()> task) { parts_->post(std::move(task)); }

std::uint16_t HttpServer::port() const { return parts_->port(); }

std::size_t HttpServer::open_exchanges() const { return parts_->open_exchanges(); }

}  // namespace dompet::http
