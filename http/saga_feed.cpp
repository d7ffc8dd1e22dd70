#include "http/saga_feed.hpp"

#include "http/gather.hpp"
#include "http/render_saga.hpp"

namespace dompet::http {

namespace {

/// All that is counted, without the moment: the ages that go with it pass by themselves.
std::string content_of(const SagaCounts& counts) {
  std::string content;
  const auto add = [&content](std::int64_t number) { content += std::to_string(number) + ' '; };
  for (const std::int64_t number :
       {counts.reserved, counts.cancelling, counts.under_review, counts.settled, counts.released})
    add(number);
  for (const std::int64_t number : counts.open_by_age)
    add(number);
  for (const SagaCause& cause : counts.causes) {
    content += cause.error + ' ' + cause.node + ' ';
    add(cause.destination_shard);
    add(cause.count);
  }
  return content;
}

}  // namespace

std::optional<SagaCounts> sum_of(const std::vector<std::optional<SagaCounts>>& parts) {
  SagaCounts sum;
  for (const auto& part : parts) {
    if (!part)
      return std::nullopt;
    dompet::add(sum, *part);
  }
  return sum;
}

bool SagaFeed::has_room() {
  forget_those_who_left();
  return listeners_.size() < most_listeners;
}

void SagaFeed::add(std::shared_ptr<Stream> listener) {
  if (listener)
    listeners_.push_back({std::move(listener)});
}

void SagaFeed::tick(Services& services, Time now) {
  forget_those_who_left();
  if (listeners_.empty())
    return;
  if (!is_asking_ && now - asked_ >= ask_every) {
    is_asking_ = true;
    asked_ = now;
    gather<SagaCounts>(
        services, nullptr, [](Reader& reader) { return SagaInspector(reader).counts(); },
        [this, &services](const Parts<SagaCounts>& parts) {
          is_asking_ = false;
          if (const auto counts = sum_of(parts))
            take(services, *counts, std::chrono::steady_clock::now());
        });
  }
  for (Listener& listener : listeners_)
    if (now - listener.told >= tell_at_least_every)
      tell(listener, now);
}

void SagaFeed::take(Services& services, const SagaCounts& counts, Time now) {
  event_ = "event: counts\ndata: " + render_counts(counts, *services.engine.cluster(), wall_clock_ms()) + "\n\n";
  std::string content = content_of(counts);
  const bool is_news = content != content_;
  content_ = std::move(content);
  for (Listener& listener : listeners_)
    if (is_news || listener.told == Time{})
      tell(listener, now);
}

/// Without counts, because the database does not answer, at least a comment says that the server is there.
void SagaFeed::tell(Listener& listener, Time now) const {
  const bool is_old = event_.empty() || now - asked_ > tell_at_least_every;
  listener.stream->push(is_old ? ": waiting for the database\n\n" : event_);
  listener.told = now;
}

void SagaFeed::forget_those_who_left() {
  std::erase_if(listeners_, [](const Listener& listener) { return !listener.stream->is_open(); });
}

}  // namespace dompet::http
