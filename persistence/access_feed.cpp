#include "persistence/access_feed.hpp"

#include <utility>

#include "persistence/libpq_session.hpp"

namespace dompet {

AccessFeed::AccessFeed(std::string database, std::string application_name, std::string channel)
    : session_(std::make_unique<LibpqSession>(
          LibpqSettings{.database = std::move(database), .application_name = std::move(application_name)})),
      channel_(std::move(channel)) {}

AccessFeed::~AccessFeed() = default;

AccessFeed::Heard AccessFeed::wait(std::chrono::milliseconds limit) {
  if (session_->connected())
    return {.said = session_->wait_for_notifications(limit)};
  session_->connect();
  session_->run("LISTEN " + channel_);
  return {.is_new = true};
}

}  // namespace dompet
