#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dompet::cli {

/// What the load generator wants to know of an HTTP/1.1 response.
struct Response {
  int status = 0;
  bool keep_alive = true;
  std::string_view head;  ///< status line and headers
  std::string_view body;  ///< chunks already joined

  /// The value of a header (name in any case) without the blanks around it; empty when it is absent.
  std::string_view header(std::string_view name) const;
};

enum class ParseOutcome {
  complete,    ///< the response is filled in, `consumed` bytes belong to it
  incomplete,  ///< more bytes are needed, `needed` says how many in all, when that is known already
  malformed,   ///< not HTTP; the connection is of no use any more
};

struct Parsed {
  ParseOutcome outcome = ParseOutcome::incomplete;
  std::size_t consumed = 0;
  std::size_t needed = 0;
  Response response;
};

/// Reads one response from the front of `bytes`: status line, Content-Length or chunked, Connection. `joined` receives
/// the body of a chunked response; the views in the answer point into `bytes` and `joined`. Understands only what a
/// server may answer to GET and POST; a response without a length is taken as having no body.
Parsed parse_response(std::string_view bytes, std::string& joined);

}  // namespace dompet::cli
