#include "config/setting_rows.hpp"

namespace dompet::rows {

namespace {

using http::AccessLog;

/// host:port, where an IPv6 host stands in brackets.
Setting address(Names names) {
  Setting row{names.section, names.name, ValueForm::text, {}, "an address and a port such as 127.0.0.1:8080 or [::1]:0",
              names.reason};
  row.read = [](const Settings& settings) {
    const std::string& host = settings.http.address;
    const bool has_colon = host.find(':') != host.npos;
    return (has_colon ? '[' + host + ']' : host) + ':' + std::to_string(settings.http.port);
  };
  row.write = [](Settings& settings, std::string_view text) {
    const auto parsed = parse_address(text);
    if (!parsed)
      return false;
    settings.http.address = parsed->host;
    settings.http.port = parsed->port;
    return true;
  };
  return row;
}

void add_sizes(Rows& rows) {
  rows.push_back(number({"http", "max_connections",
                         "Connections at the same time; more wait in the kernel until one closes. Far above any useful "
                         "number of clients, so that hundreds of half-sent requests leave room for the others."},
                        "connections", 1, 100'000, [](auto& s) -> auto& { return s.http.max_connections; }));
  rows.push_back(number({"http", "header_bytes", "Request line and header together; more is answered 431."}, "bytes",
                        1'024, 1'048'576, [](auto& s) -> auto& { return s.http.header_bytes; }));
  rows.push_back(number({"http", "body_bytes", "The body of one request; more is answered 413."}, "bytes", 1'024,
                        67'108'864, [](auto& s) -> auto& { return s.http.body_bytes; }));
  rows.push_back(number({"http", "bulk_body_bytes", "The body of a bulk request; more is answered 413."}, "bytes",
                        1'024, 67'108'864, [](auto& s) -> auto& { return s.http.bulk_body_bytes; }));
  rows.push_back(number({"http", "readable_body_bytes",
                         "What is read of a body at all, so that one that is too large still gets its answer; above "
                         "it the connection is closed."},
                        "bytes", 1'024, 268'435'456, [](auto& s) -> auto& { return s.http.readable_body_bytes; }));
  rows.push_back(number({"http", "bulk_items", "Transfers in one bulk request; more is answered 400."}, "transfers", 1,
                        10'000, [](auto& s) -> auto& { return s.http.bulk_items; }));
}

void add_times(Rows& rows) {
  rows.push_back(number({"http", "read_limit_ms",
                         "For the whole of a request to arrive, with its body: raise it where large bodies come over "
                         "slow lines. Also how long a kept-alive connection may idle."},
                        "milliseconds", 100, 600'000, [](auto& s) -> auto& { return s.http.read_limit; }));
  rows.push_back(number({"http", "write_limit_ms", "For one write of a response to be taken by the client."},
                        "milliseconds", 100, 600'000, [](auto& s) -> auto& { return s.http.write_limit; }));
  rows.push_back(number({"http", "request_deadline_ms", "After this every request is answered, with 503 if need be."},
                        "milliseconds", 100, 600'000, [](auto& s) -> auto& { return s.http.request_deadline; }));
  rows.push_back(number({"http", "answer_deadline_ms",
                         "How long the engine is waited for before the client hears that the outcome is unknown and "
                         "the same key finds it out."},
                        "milliseconds", 100, 600'000, [](auto& s) -> auto& { return s.http.answer_deadline; }));
  rows.push_back(number({"http", "key_memory_ms",
                         "How long an idempotency key without an answer is remembered as running. The journal knows "
                         "all that were answered."},
                        "milliseconds", 100, 3'600'000, [](auto& s) -> auto& { return s.http.key_memory; }));
  rows.push_back(number({"http", "stop_limit_ms", "How long a stop waits for requests that are under way."},
                        "milliseconds", 0, 25'000, [](auto& s) -> auto& { return s.http.stop_limit; }));
}

void add_admission(Rows& rows) {
  rows.push_back(number({"http", "max_in_flight",
                         "Requests at work in engine and database together; more are turned away with 503 before they "
                         "cost anything."},
                        "requests", 1, 100'000, [](auto& s) -> auto& { return s.http.max_in_flight; }));
  rows.push_back(number({"http", "max_in_flight_per_client",
                         "The same per client address; more are turned away with 429, so that one client leaves room "
                         "for others."},
                        "requests", 1, 100'000, [](auto& s) -> auto& { return s.http.max_in_flight_per_client; }));
  rows.push_back(
      number({"http", "max_bulk_items_in_flight",
              "Transfers of bulk requests at work; a bulk that does not fit is turned away with 503. It must "
              "let the largest bulk in."},
             "transfers", 1, 1'000'000, [](auto& s) -> auto& { return s.http.max_bulk_items_in_flight; }));
}

void add_quotas(Rows& rows) {
  rows.push_back(number({"http", "rate_per_client",
                         "Requests a second that one user or merchant may send for long; more are answered 429 with "
                         "RateLimit headers. Far above what people do. 0 for no bound, which load tests want."},
                        "requests a second", 0, 1'000'000, [](auto& s) -> auto& { return s.http.rate_per_client; }));
  rows.push_back(number({"http", "rate_burst", "How many of them may come at once after a pause."}, "requests", 1,
                        1'000'000, [](auto& s) -> auto& { return s.http.rate_burst; }));
  rows.push_back(number({"http", "rate_per_address",
                         "Requests a second with no or a bad token or API key that are looked at from one address; "
                         "more are answered 429, so that nobody tries tokens for long. 0 for no bound."},
                        "requests a second", 0, 1'000'000, [](auto& s) -> auto& { return s.http.rate_per_address; }));
  rows.push_back(number({"http", "auth_per_minute",
                         "Logins, registrations, refreshes and resets a minute from one address, because each costs "
                         "a password hash, a signature or a mail. Raise it where many people share an address. Signed "
                         "callbacks of providers are none of these. 0 for no bound."},
                        "requests a minute", 0, 1'000'000, [](auto& s) -> auto& { return s.http.auth_per_minute; }));
}

bool is_ip_address(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF.:") == text.npos && text.find_first_of(".:") != text.npos;
}

/// Scheme, host and perhaps a port, as a browser sends it: no path, no slash at the end.
bool is_origin(std::string_view text) {
  const std::size_t host = text.find("://");
  return (text.starts_with("http://") || text.starts_with("https://")) && text.size() > host + 3 &&
         text.find('/', host + 3) == text.npos && is_any_text(text);
}

void add_neighbours(Rows& rows) {
  rows.push_back(list({"http", "trusted_proxies",
                       "Addresses of proxies whose X-Forwarded-For says where a request comes from. From anybody "
                       "else that header is not believed, since he could write in it what he likes."},
                      "IP addresses with spaces between them", is_ip_address,
                      [](auto& s) -> auto& { return s.http.trusted_proxies; }));
  rows.push_back(list({"http", "cors_origins",
                       "Origins of web pages that may call this API from a browser, such as https://shop.example. "
                       "Our own pages need none."},
                      "origins such as https://shop.example with spaces between them", is_origin,
                      [](auto& s) -> auto& { return s.http.cors_origins; }));
}

void add_access_log(Rows& rows) {
  rows.push_back(choice<AccessLog>({"http", "access_log",
                                    "Which requests leave a line in the log: none, failures of ours and slow ones, or "
                                    "all. A line a request costs five to ten per cent of the throughput."},
                                   {{"off", AccessLog::off}, {"errors", AccessLog::errors}, {"all", AccessLog::all}},
                                   [](auto& s) -> auto& { return s.http.access_log; }));
  rows.push_back(
      number({"http", "slow_request_ms", "A request that takes longer is slow enough for a line in the log."},
             "milliseconds", 1, 600'000, [](auto& s) -> auto& { return s.http.slow_request; }));
}

}  // namespace

void add_http(Rows& rows) {
  rows.push_back(address({"http", "address",
                          "Where HTTP is served. Port 0 takes any free port. Passwords and tokens pass there as they "
                          "are: on a network that others use put a proxy with TLS in front."}));
  add_sizes(rows);
  add_times(rows);
  add_admission(rows);
  add_quotas(rows);
  add_neighbours(rows);
  add_access_log(rows);
}

}  // namespace dompet::rows
