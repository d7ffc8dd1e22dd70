#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace dompet {

class LibpqSession;

/// A connection of its own that hears what other nodes say on a channel; on dompet_access it is `kind:id`. It makes the
/// connection when there is none; what was said meanwhile is lost, so whoever gets `is_new` looks everything up again.
/// One thread at a time.
class AccessFeed {
 public:
  /// `database`: libpq connection string or URL.
  AccessFeed(std::string database, std::string application_name, std::string channel = "dompet_access");
  ~AccessFeed();

  struct Heard {
    bool is_new = false;
    std::vector<std::string> said{};
  };
  /// Waits at most so long. Throws Unavailable.
  Heard wait(std::chrono::milliseconds limit);

 private:
  std::unique_ptr<LibpqSession> session_;
  std::string channel_;
};

}  // namespace dompet
