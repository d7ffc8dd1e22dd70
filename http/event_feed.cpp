#include "http/event_feed.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "http/access/access.hpp"
#include "http/directory.hpp"
#include "http/id_source.hpp"
#include "http/render_event.hpp"

namespace dompet::http {

namespace {

using std::chrono::steady_clock;

std::string frame(const std::string& json) { return "data: " + json + "\n\n"; }

/// Behind a page's last event: where it goes on. A block without data tells a client the id and nothing else.
std::string id_frame(const EventListener& listener) {
  return "id: " + write_event_place(listener.scope, listener.place) + "\n\n";
}

/// Whether the caller still has what he had when he began to listen.
bool is_welcome(const Services& services, const EventListener& listener, const Caller& caller) {
  return caller.client() == listener.client && services.access.decide(caller, *listener.route) == listener.grant;
}

bool is_token_welcome(Services& services, const EventListener& listener) {
  HttpRequest request;
  if (!listener.authorization.empty())
    request.headers.emplace_back("Authorization", listener.authorization);
  const auto caller = services.access.authenticate(request);
  return caller && is_welcome(services, listener, *caller);
}

/// A merchant's wallet can become another; his listener hears of the one that he asked for.
bool is_key_welcome(const Services& services, const EventListener& listener, const std::optional<KeyFacts>& key) {
  return key && !key->is_expired(wall_clock_ms()) && key->caller.wallet == listener.scope.wallet &&
         is_welcome(services, listener, key->caller);
}

enum class News { none, next, gap };

/// What an event of the tail is to a listener who has come as far as his place.
News news_of(const EventListener& listener, const events::Event& event) {
  const std::uint64_t shard_seq = event.record->shard_seq;
  if (listener.scope.is_everything()) {
    const auto mark = listener.place.streams.find(event.record->shard);
    return mark == listener.place.streams.end() || shard_seq > mark->second ? News::next : News::none;
  }
  const WalletOpened* opened = opening_of(event);
  const bool is_new = opened != nullptr && listener.scope.owner && opened->owner == *listener.scope.owner;
  const auto& wallets = listener.place.wallets;
  const bool is_his = std::ranges::find(wallets, event.wallet, &WalletPlace::wallet) != wallets.end();
  if (!is_his && (!is_new || std::ssize(wallets) >= most_event_wallets))
    return News::none;
  const WalletPlace place = listener.place.of(event.wallet);
  if (!event.wallet_seq)
    return shard_seq > place.quiet_seq ? News::next : News::none;
  if (*event.wallet_seq <= place.seq)
    return News::none;
  return *event.wallet_seq == place.seq + 1 ? News::next : News::gap;
}

void move_past(EventPlace& place, const events::Event& event) {
  WalletPlace& wallet = place.of(event.wallet);
  if (event.wallet_seq)
    wallet.seq = *event.wallet_seq;
  else
    wallet.quiet_seq = event.record->shard_seq;
}

/// Adds what the listener gets of the event, and moves his place behind it. False when one of his is missing before it.
bool append_frame(EventListener& listener, const events::Event& event, std::string& rendered, std::string& frames,
                  std::uint64_t& count) {
  const News news = news_of(listener, event);
  if (news != News::next)
    return news == News::none;
  if (!listener.scope.is_everything())
    move_past(listener.place, event);
  if (!listener.scope.types.matches(event.type))
    return true;
  if (rendered.empty())
    rendered = frame(render_event(event));
  frames += rendered;
  ++count;
  return true;
}

}  // namespace

bool EventFeed::has_room(const std::string& client) {
  forget_those_who_left();
  const auto is_his = [&](const ListenerPtr& listener) { return listener->client == client; };
  return listeners_.size() < most_listeners && std::ranges::count_if(listeners_, is_his) < most_of_one_caller;
}

void EventFeed::add(EventListener listener) {
  if (!listener.stream)
    return;
  listener.told = listener.checked = listener.confirmed = steady_clock::now();
  // At once, so that who is cut off before anything comes does not begin later.
  listener.stream->push(": listening\n" + id_frame(listener));
  listeners_.push_back(std::make_shared<EventListener>(std::move(listener)));
  audience_.add(*listeners_.back());
}

void EventFeed::tick(Services& services, Time now) {
  tick_began_ = now;
  forget_those_who_left();
  if (listeners_.empty()) {
    tail_.reset();
    return;
  }
  look_after(services, now);
  if (tailing_.expired()) {
    const auto under_way = std::make_shared<char>();
    tailing_ = under_way;
    read_tail(services, under_way, most_tail_pages_a_tick);
  }
  if (reading_.expired()) {
    const auto under_way = std::make_shared<char>();
    reading_ = under_way;
    read_for_next(services, under_way, most_pages_a_tick);
  }
}

void EventFeed::forget_those_who_left() {
  std::unordered_set<const EventListener*> gone;
  for (const ListenerPtr& listener : listeners_)
    if (!listener->stream->is_open())
      gone.insert(listener.get());
  if (gone.empty())
    return;
  audience_.remove(gone);
  std::erase_if(listeners_, [&gone](const ListenerPtr& listener) { return gone.contains(listener.get()); });
}

void EventFeed::look_after(Services& services, Time now) {
  for (const ListenerPtr& listener : listeners_) {
    if (!listener->stream->is_idle() && now - listener->told > patience) {
      listener->stream->close();
      continue;
    }
    if (now - listener->checked >= check_every)
      check(services, listener, now);
    if (now - listener->told >= tell_at_least_every && listener->stream->is_open())
      push(*listener, ": still here\n" + id_frame(*listener));
  }
}

/// A key may have to be looked up again, which takes its time.
void EventFeed::check(Services& services, const ListenerPtr& listener, Time now) {
  listener->checked = now;
  if (listener->api_key.empty()) {
    if (!is_token_welcome(services, *listener))
      listener->stream->close();
    return;
  }
  if (now - listener->confirmed > unconfirmed_at_most)
    return listener->stream->close();
  services.directory.key(services, nullptr, listener->api_key, [&services, listener](const Looked<KeyFacts>& looked) {
    if (!looked)
      return;  // the database cannot say; it is asked again
    if (is_key_welcome(services, *listener, *looked))
      listener->confirmed = steady_clock::now();
    else
      listener->stream->close();
  });
}

/// False while the client has not taken what was written before.
bool EventFeed::push(EventListener& listener, const std::string& frames) {
  if (!listener.stream->is_idle())
    return false;
  listener.stream->push(frames);
  listener.told = steady_clock::now();
  return true;
}

// --- who is behind ---

/// Not before the tail stands somewhere: whatever comes after that is either in the page, or seen to be missed. The
/// next page of one who has just got one is read while he takes it.
void EventFeed::read_for_next(Services& services, const UnderWay& under_way, int pages_left) {
  if (!tail_ || pages_left == 0)
    return;
  for (std::size_t looked = 0; looked < listeners_.size(); ++looked) {
    const ListenerPtr listener = listeners_[turn_++ % listeners_.size()];
    const bool has_room = listener->stream->is_idle() || listener->told >= tick_began_;
    if (listener->mode != EventListener::Mode::reading || !has_room)
      continue;
    listener->has_missed = false;
    return read_events(services, nullptr, listener->scope, listener->place, page_events,
                       [this, &services, listener, under_way, pages_left](std::optional<EventPage> page) {
                         if (!page)
                           return;
                         if (take(listener, std::move(*page)))
                           read_for_next(services, under_way, pages_left - 1);
                       });
  }
}

/// False when he cannot take it yet: it is read again when he can. A wallet that he did not know before may have passed
/// the tail unseen, so he is not up to date with its first page.
bool EventFeed::take(const ListenerPtr& listener, EventPage page) {
  const bool has_new_wallets = page.after.wallets.size() > listener->place.wallets.size();
  const bool is_up_to_date = !page.has_more && !listener->has_missed && !has_new_wallets;
  if (!listener->stream->is_open())
    return true;
  if (page.after != listener->place && !listener->stream->is_idle())
    return false;
  if (page.after != listener->place) {
    listener->place = std::move(page.after);
    if (has_new_wallets)
      audience_.learn(*listener);
    std::string frames;
    for (const events::Event& event : page.events)
      frames += frame(render_event(event));
    push(*listener, frames + id_frame(*listener));
    told_ += page.events.size();
  }
  if (is_up_to_date)
    listener->mode = EventListener::Mode::live;
  return true;
}

// --- who is up to date ---

void EventFeed::begin_tail(Services& services, const UnderWay& under_way) {
  read_event_end(services, nullptr, {}, [this, under_way](std::optional<EventPlace> end) {
    if (end && !listeners_.empty())
      tail_ = std::move(*end);
  });
}

void EventFeed::read_tail(Services& services, const UnderWay& under_way, int pages_left) {
  if (!tail_)
    return begin_tail(services, under_way);
  read_events(services, nullptr, {}, *tail_, tail_events,
              [this, &services, under_way, pages_left](std::optional<EventPage> page) {
                if (!page || !tail_)
                  return;
                pass_on(*page);
                tail_ = std::move(page->after);
                if (page->has_more && pages_left > 1)
                  read_tail(services, under_way, pages_left - 1);
              });
}

void EventFeed::pass_on(const EventPage& page) {
  std::vector<std::string> rendered(page.events.size());
  std::unordered_map<EventListener*, std::vector<std::size_t>> concerned;
  for (std::size_t number = 0; number < page.events.size(); ++number)
    for (EventListener* listener : audience_.of(page.events[number]))
      concerned[listener].push_back(number);
  for (const auto& [listener, numbers] : concerned)
    tell(*listener, page, numbers, rendered);
  std::vector<std::size_t> all(page.events.size());
  std::iota(all.begin(), all.end(), 0);
  for (EventListener* listener : audience_.of_everything())
    tell(*listener, page, all, rendered);
}

/// Who cannot take it now, or of whose wallets something is missing, is read for alone again, from where he is.
void EventFeed::tell(EventListener& listener, const EventPage& page, const std::vector<std::size_t>& numbers,
                     std::vector<std::string>& rendered) {
  if (listener.mode == EventListener::Mode::reading) {
    const auto is_his = [&](std::size_t number) { return news_of(listener, page.events[number]) != News::none; };
    listener.has_missed = listener.has_missed || std::ranges::any_of(numbers, is_his);
    return;
  }
  const EventPlace before = listener.place;
  std::string frames;
  std::uint64_t count = 0;
  bool is_passed = true;
  for (std::size_t i = 0; i < numbers.size() && is_passed; ++i)
    is_passed = append_frame(listener, page.events[numbers[i]], rendered[numbers[i]], frames, count);
  if (listener.scope.is_everything())
    for (const auto& [shard, seq] : page.after.streams)
      listener.place.streams[shard] = std::max(listener.place.streams[shard], seq);
  if (is_passed && (frames.empty() || push(listener, frames + id_frame(listener)))) {
    told_ += count;
    return;
  }
  listener.place = before;
  listener.mode = EventListener::Mode::reading;
}

}  // namespace dompet::http
