#include "actors/cluster/link.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace dompet {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto same_words_again = std::chrono::minutes(1);
constexpr std::size_t most_words = 16;

}  // namespace

Link::Link(caf::event_based_actor* self, LinkContextPtr context, NodeRow peer, std::shared_ptr<Outflow> flow)
    : self_(self), context_(std::move(context)), peer_(std::move(peer)),
      address_(parse_host_port(peer_.internal_address)), flow_(std::move(flow)) {}

Link::~Link() { flow_->end(); }

void Link::begin() {
  if (!address_) {
    spdlog::error("node {} cannot be reached: '{}' is no address of the form host:port", peer_.name,
                  peer_.internal_address);
    return;
  }
  self_->delayed_send(self_, context_->settings.link_heartbeat, LinkTick{});
  // Two nodes that connect to each other at the same instant may each close the other's connection as one too many;
  // so one of them begins a little later.
  const bool first = context_->me.incarnation < peer_.incarnation;
  self_->delayed_send(self_, first ? milliseconds(0) : milliseconds(back_off_first), TryLink{++attempt_});
}

void Link::try_now(std::uint64_t attempt) {
  if (attempt != attempt_ || state_ != State::waiting)
    return;
  state_ = State::probing;
  state_since_ = steady_clock::now();
  try {
    self_->home_system().spawn<caf::detached>(probe_actor, caf::actor_cast<caf::actor>(self_), attempt_, *address_,
                                              context_->settings.connect_probe);
  } catch (const std::exception& failure) {
    fail(std::string{"no thread can be had to try it: "} + failure.what());
  }
}

void Link::on_probed(const Probed& found) {
  if (found.attempt != attempt_ || state_ != State::probing)
    return;
  if (found.address.empty())
    return fail("it does not answer: " + found.failure);
  connect(found.address);
}

void Link::connect(const std::string& address) {
  state_ = State::connecting;
  state_since_ = steady_clock::now();
  const std::uint64_t attempt = attempt_;
  const auto mine = [this, attempt] { return attempt == attempt_ && state_ == State::connecting; };
  self_->request(context_->middleman, connect_limit, caf::connect_atom::value, address, address_->port)
      .then(
          [this, mine](const caf::node_id&, const caf::strong_actor_ptr& gateway, const std::set<std::string>&) {
            if (mine())
              gateway ? greet(gateway) : fail("there is no gateway at its address");
          },
          [this, mine](const caf::error& error) {
            if (mine())
              fail("the connection failed: " + self_->system().render(error));
          });
}

void Link::greet(const caf::strong_actor_ptr& gateway) {
  state_ = State::greeting;
  state_since_ = steady_clock::now();
  gateway_ = caf::actor_cast<caf::actor>(gateway);
  self_->monitor(gateway_);
  facts_ = {};
  facts_.greeting = fresh_greeting();
  facts_.link = context_->me.incarnation;
  facts_.gateway = peer_.incarnation;
  facts_.link_nonce = fresh_nonce();
  send(EnvelopeKind::hello,
       encode(Hello{facts_.greeting, context_->me.protocol_min, context_->me.protocol_max, facts_.link_nonce}));
}

void Link::on_envelope(const Envelope& envelope) {
  if (envelope.source != peer_.incarnation || envelope.destination != context_->me.incarnation)
    // Another process at this address says so; everything else that is not from our peer is not for us.
    if (envelope.kind != static_cast<std::uint8_t>(EnvelopeKind::refused) || state_ != State::greeting)
      return context_->note(LinkEvent::dropped);
  switch (static_cast<EnvelopeKind>(envelope.kind)) {
    case EnvelopeKind::challenge: return on_challenge(envelope.body);
    case EnvelopeKind::welcome: return on_welcome(envelope.body);
    case EnvelopeKind::grant: return on_grant(envelope.body);
    case EnvelopeKind::refused: return on_refused(envelope.body);
    default: return context_->note(LinkEvent::dropped);
  }
}

void Link::on_challenge(const std::string& body) {
  const std::optional<Challenge> challenge = read_challenge(body);
  if (!challenge || state_ != State::greeting || challenge->greeting != facts_.greeting)
    return context_->note(LinkEvent::dropped);
  facts_.protocol = challenge->protocol;
  facts_.gateway_nonce = challenge->nonce;
  send(EnvelopeKind::answer,
       encode(ChallengeAnswer{facts_.greeting, prove(context_->settings.secret, ProofBy::link, facts_)}));
}

void Link::on_welcome(const std::string& body) {
  const std::optional<Welcome> welcome = read_welcome(body);
  if (!welcome || state_ != State::greeting || welcome->greeting != facts_.greeting || facts_.protocol == 0)
    return context_->note(LinkEvent::dropped);
  if (!proves(welcome->proof, context_->settings.secret, ProofBy::gateway, facts_)) {
    context_->note(LinkEvent::refused);
    return fail("refused here: " + std::string{sentence_of(Refusal::wrong_secret)});
  }
  state_ = State::up;
  state_since_ = heard_ = steady_clock::now();
  failures_ = 0;
  packer_ = DataPacker(facts_.greeting);
  const ClusterSettings& mine = context_->settings;
  flow_->open(facts_.greeting, std::min<std::uint64_t>(welcome->window_messages, mine.link_window_messages),
              std::min<std::uint64_t>(welcome->window_bytes, mine.link_window_bytes));
  spdlog::info("the link to node {} ({}) is up", peer_.name, peer_.internal_address);
  told_.clear();
  self_->send(context_->router, LinkChanged{peer_.incarnation, true});
}

void Link::on_grant(const std::string& body) {
  const std::optional<Grant> grant = read_grant(body);
  if (!grant || state_ != State::up || grant->greeting != facts_.greeting)
    return context_->note(LinkEvent::dropped);
  heard_ = steady_clock::now();
  if (!flow_->granted(grant->messages, grant->bytes))
    fail("it grants more than was sent");
}

void Link::on_refused(const std::string& body) {
  const std::optional<Refused> refused = read_refused(body);
  const bool greeted = state_ == State::greeting || state_ == State::up;
  if (!refused || !greeted || refused->greeting != facts_.greeting)
    return context_->note(LinkEvent::dropped);
  context_->note(LinkEvent::refused);
  fail("refused: " + std::string{sentence_of(refused->reason)});
}

void Link::on_down(const caf::down_msg& down) {
  if (gateway_ && down.source == gateway_.address())
    fail("the connection is gone");
}

void Link::queue(QueueFrame frame) {
  if (state_ != State::up || frame.greeting != facts_.greeting)
    return;
  waiting_.push_back(std::move(frame.frame));
  if (!flush_scheduled_)
    self_->send(self_, FlushFrames{});
  flush_scheduled_ = true;
}

void Link::flush() {
  flush_scheduled_ = false;
  if (state_ != State::up)
    return;
  for (const std::string& frame : waiting_) {
    if (!packer_.fits(frame))
      send(EnvelopeKind::data, packer_.take());
    packer_.add(frame);
  }
  if (!packer_.empty())
    send(EnvelopeKind::data, packer_.take());
  waiting_.clear();
}

void Link::tick() {
  self_->delayed_send(self_, context_->settings.link_heartbeat, LinkTick{});
  const auto now = steady_clock::now();
  switch (state_) {
    case State::waiting: return;
    case State::connecting: return;  // its request has a time-out
    case State::probing:
      if (now - state_since_ > context_->settings.connect_probe + name_service_limit)
        fail("its name is not found");
      return;
    case State::greeting:
      if (now - state_since_ > connect_limit)
        fail("it does not return the greeting");
      return;
    case State::up:
      if (now - heard_ > context_->settings.link_timeout)
        fail("it has been silent for too long");
      else
        send(EnvelopeKind::heartbeat, encode(Heartbeat{facts_.greeting}));
  }
}

void Link::fail(const std::string& reason) {
  const bool was_up = state_ == State::up;
  flow_->close();
  leave_gateway();
  waiting_.clear();
  state_ = State::waiting;
  if (was_up) {
    spdlog::warn("the link to node {} ({}) is down: {}", peer_.name, peer_.internal_address, reason);
    context_->note(LinkEvent::lost);
    self_->send(context_->router, LinkChanged{peer_.incarnation, false});
  } else {
    tell_once_a_minute(reason);
  }
  self_->delayed_send(self_, next_back_off(), TryLink{++attempt_});
}

void Link::leave_gateway() {
  if (gateway_)
    self_->demonitor(gateway_);
  gateway_ = caf::actor{};
}

void Link::tell_once_a_minute(const std::string& reason) {
  const auto now = steady_clock::now();
  if (told_.size() >= most_words)
    told_.clear();
  const auto [told, is_new] = told_.try_emplace(reason, now);
  if (!is_new && now - told->second < same_words_again)
    return;
  told->second = now;
  spdlog::warn("there is no link to node {} ({}): {}", peer_.name, peer_.internal_address, reason);
}

milliseconds Link::next_back_off() {
  const int doublings = std::min(failures_++, 16);
  const milliseconds full = std::min<milliseconds>(back_off_most, milliseconds(back_off_first) * (1 << doublings));
  const auto half = static_cast<std::uint32_t>(full.count() / 2);
  return full - milliseconds(random_up_to(half));
}

void Link::send(EnvelopeKind kind, std::string body) {
  self_->send(gateway_, Envelope{envelope_version, static_cast<std::uint8_t>(kind), context_->me.incarnation,
                                 peer_.incarnation, std::move(body)});
}

void Link::stop() {
  flow_->close();
  if (state_ == State::up)
    self_->send(context_->router, LinkChanged{peer_.incarnation, false});
  leave_gateway();
  self_->quit();
}

void ignore_strangers(caf::event_based_actor* self) {
  self->set_default_handler(caf::drop);
  self->set_exit_handler([](const caf::exit_msg&) {});
  self->set_error_handler([](const caf::error&) {});
  self->set_down_handler([](const caf::down_msg&) {});
}

caf::behavior link_actor(caf::stateful_actor<std::unique_ptr<Link>>* self, LinkContextPtr context, NodeRow peer,
                         std::shared_ptr<Outflow> flow) {
  ignore_strangers(self);
  self->state = std::make_unique<Link>(self, std::move(context), std::move(peer), std::move(flow));
  self->set_down_handler([self](const caf::down_msg& down) { self->state->on_down(down); });
  self->state->begin();
  return {
      [self](QueueFrame& frame) { self->state->queue(std::move(frame)); },
      [self](const FlushFrames&) { self->state->flush(); },
      [self](const Envelope& envelope) { self->state->on_envelope(envelope); },
      [self](const LinkTick&) { self->state->tick(); },
      [self](const TryLink& message) { self->state->try_now(message.attempt); },
      [self](const Probed& found) { self->state->on_probed(found); },
      [self](const StopLinking&) { self->state->stop(); },
  };
}

}  // namespace dompet
