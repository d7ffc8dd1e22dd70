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
                         "For the whole of a request to arrive; also how long a kept-alive connection may idle."},
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
                          "Where HTTP is served. Port 0 takes any free port. Other than this machine's own loopback it "
                          "needs allow_unauthenticated."}));
  add_sizes(rows);
  add_times(rows);
  add_admission(rows);
  add_access_log(rows);
}

}  // namespace dompet::rows
