#include "actors/cluster/gateway.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace dompet {

namespace {

using std::chrono::steady_clock;

constexpr auto same_words_again = std::chrono::minutes(1);
/// Of a window: from here on a grant does not wait.
constexpr std::uint64_t quarter = 4;

std::uint64_t bytes_of(const Data& data) {
  std::uint64_t bytes = 0;
  for (const std::string& frame : data.frames)
    bytes += frame.size();
  return bytes;
}

}  // namespace

Gateway::Gateway(caf::event_based_actor* self, LinkContextPtr context) : self_(self), context_(std::move(context)) {}

void Gateway::begin() { self_->delayed_send(self_, context_->settings.link_heartbeat, LinkTick{}); }

void Gateway::on_envelope(const Envelope& envelope) {
  const Incarnation& peer = envelope.source;
  const bool for_me = envelope.destination == context_->me.incarnation;
  const auto kind = static_cast<EnvelopeKind>(envelope.kind);
  // What another process of this address was sent: only who greets is told that it is gone.
  if (!for_me && kind != EnvelopeKind::hello)
    return drop();
  const auto take = [&](auto body, auto act) { body ? act(*body) : drop(); };
  if (envelope.version == envelope_version)
    switch (kind) {
      case EnvelopeKind::hello:
        return take(read_hello(envelope.body), [&](const Hello& hello) {
          for_me ? on_hello(peer, hello) : refuse(peer, hello.greeting, Refusal::wrong_incarnation);
        });
      case EnvelopeKind::answer:
        return take(read_answer(envelope.body), [&](const ChallengeAnswer& answer) { on_answer(peer, answer); });
      case EnvelopeKind::heartbeat:
        return take(read_heartbeat(envelope.body), [&](const Heartbeat& heartbeat) { on_heartbeat(peer, heartbeat); });
      case EnvelopeKind::data: return on_data(peer, envelope.body);
      case EnvelopeKind::unsupported: return drop();
      default: break;
    }
  drop();
  send(sender(), peer, EnvelopeKind::unsupported, std::string(1, static_cast<char>(envelope.kind)));
}

void Gateway::on_hello(const Incarnation& peer, const Hello& hello) {
  const NodeRow& me = context_->me;
  if (was_member(peer))
    return refuse(peer, hello.greeting, Refusal::not_a_member);
  const std::optional<int> protocol =
      common_protocol(me.protocol_min, me.protocol_max, hello.protocol_min, hello.protocol_max);
  if (!protocol)
    return refuse(peer, hello.greeting, Refusal::no_common_protocol);
  if (greetings_.size() >= greetings_limit && !greetings_.contains(peer))
    return refuse(peer, hello.greeting, Refusal::too_many);
  const GreetingFacts facts{hello.greeting, *protocol, peer, me.incarnation, hello.nonce, fresh_nonce()};
  greetings_[peer] = Greeting{facts, sender(), steady_clock::now()};
  send(sender(), peer, EnvelopeKind::challenge, encode(Challenge{hello.greeting, *protocol, facts.gateway_nonce}));
}

void Gateway::on_answer(const Incarnation& peer, const ChallengeAnswer& answer) {
  const auto found = greetings_.find(peer);
  if (found == greetings_.end() || found->second.facts.greeting != answer.greeting)
    return drop();
  const Greeting greeting = found->second;
  greetings_.erase(found);
  const ClusterSettings& settings = context_->settings;
  if (!proves(answer.proof, settings.secret, ProofBy::link, greeting.facts))
    return refuse(peer, answer.greeting, Refusal::wrong_secret);
  if (sessions_.size() >= sessions_limit && !sessions_.contains(peer))
    return refuse(peer, answer.greeting, Refusal::too_many);
  forget(peer);
  Session& session = sessions_[peer];
  session.link = greeting.link;
  session.heard = steady_clock::now();
  session.flow = std::make_shared<Inflow>();
  session.flow->peer = peer;
  session.flow->greeting = answer.greeting;
  session.flow->many_messages = std::max<std::uint64_t>(1, settings.link_window_messages / quarter);
  session.flow->many_bytes = std::max<std::uint64_t>(1, settings.link_window_bytes / quarter);
  if (session.link)
    self_->monitor(session.link);
  send(session.link, peer, EnvelopeKind::welcome,
       encode(Welcome{answer.greeting, prove(settings.secret, ProofBy::gateway, greeting.facts),
                      settings.link_window_messages, settings.link_window_bytes}));
}

void Gateway::on_heartbeat(const Incarnation& peer, const Heartbeat& heartbeat) {
  Session* const session = session_of(peer, heartbeat.greeting);
  if (session == nullptr)
    return drop();
  session->heard = steady_clock::now();
}

void Gateway::on_data(const Incarnation& peer, std::string_view body) {
  std::optional<Data> data = read_data(body);
  // Bytes that are no data at all end the session of whoever sent them; a stranger has none.
  if (!data)
    return sessions_.contains(peer) ? refuse(peer, sessions_[peer].flow->greeting, Refusal::malformed) : drop();
  Session* const session = session_of(peer, data->greeting);
  if (session == nullptr)
    return drop();
  if (const std::optional<Refusal> fault = fault_of(*session, *data))
    return refuse(peer, data->greeting, *fault);
  deliver(peer, *session, std::move(*data));
}

std::optional<Refusal> Gateway::fault_of(const Session& session, const Data& data) const {
  if (data.number != session.last_number + 1)
    return Refusal::out_of_order;
  const ClusterSettings& settings = context_->settings;
  const std::uint64_t messages = session.received_messages + data.frames.size() - session.flow->granted_messages;
  const std::uint64_t bytes = session.received_bytes + bytes_of(data) - session.flow->granted_bytes;
  // Beyond the window by one frame at most, which may be larger than all of it.
  if (messages > settings.link_window_messages || bytes > settings.link_window_bytes + frame_limit_bytes)
    return Refusal::malformed;
  return std::nullopt;
}

void Gateway::deliver(const Incarnation& peer, Session& session, Data data) {
  const std::uint64_t bytes = bytes_of(data);
  session.last_number = data.number;
  session.heard = steady_clock::now();
  session.received_messages += data.frames.size();
  session.received_bytes += bytes;
  const auto receipt =
      std::make_shared<const FrameReceipt>(caf::actor_cast<caf::actor>(self_), session.flow, data.frames.size(), bytes);
  for (std::string& frame : data.frames)
    self_->send(context_->router, FrameArrived{peer, std::move(frame), receipt});
}

void Gateway::on_grant_due(const GrantDue& due) {
  if (due.soon)
    self_->delayed_send(self_, grant_delay, GrantNow{due.peer, due.greeting});
  else
    on_grant_now(due.peer, due.greeting);
}

void Gateway::on_grant_now(const Incarnation& peer, std::uint64_t greeting) {
  if (Session* const session = session_of(peer, greeting))
    grant(peer, *session);
}

void Gateway::grant(const Incarnation& peer, Session& session) {
  Inflow& flow = *session.flow;
  // First the marks, then the counts: what is finished in between is told again.
  flow.told_now = false;
  flow.told_soon = false;
  flow.granted_messages = flow.finished_messages.load();
  flow.granted_bytes = flow.finished_bytes.load();
  send(session.link, peer, EnvelopeKind::grant,
       encode(Grant{flow.greeting, flow.granted_messages, flow.granted_bytes}));
}

void Gateway::on_down(const caf::down_msg& down) {
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.link.address() == down.source; });
}

void Gateway::on_members(const std::set<Incarnation>& members) {
  for (const Incarnation& member : members_)
    if (!members.contains(member)) {
      if (const auto found = sessions_.find(member); found != sessions_.end())
        send(found->second.link, member, EnvelopeKind::refused,
             encode(Refused{found->second.flow->greeting, Refusal::not_a_member}));
      forget(member);
      former_members_.push_back(member);
    }
  std::erase_if(former_members_, [&](const Incarnation& former) { return members.contains(former); });
  while (former_members_.size() > former_members_limit)
    former_members_.pop_front();
  members_ = members;
}

void Gateway::tick() {
  begin();
  const auto now = steady_clock::now();
  std::erase_if(greetings_, [&](const auto& entry) { return now - entry.second.since > connect_limit; });
  std::vector<Incarnation> silent;
  for (auto& [peer, session] : sessions_)
    if (now - session.heard > context_->settings.link_timeout)
      silent.push_back(peer);
    else
      grant(peer, session);
  for (const Incarnation& peer : silent)
    forget(peer);
}

Gateway::Session* Gateway::session_of(const Incarnation& peer, std::uint64_t greeting) {
  const auto found = sessions_.find(peer);
  return found != sessions_.end() && found->second.flow->greeting == greeting ? &found->second : nullptr;
}

void Gateway::forget(const Incarnation& peer) {
  const auto found = sessions_.find(peer);
  if (found == sessions_.end())
    return;
  if (found->second.link)
    self_->demonitor(found->second.link);
  sessions_.erase(found);
}

void Gateway::refuse(const Incarnation& peer, std::uint64_t greeting, Refusal reason) {
  context_->note(LinkEvent::refused);
  const auto now = steady_clock::now();
  const auto [told, is_new] = told_.try_emplace(reason, now);
  if (is_new || now - told->second >= same_words_again) {
    told->second = now;
    spdlog::warn("process {} was refused a link: {}", to_string(peer), sentence_of(reason));
  }
  if (session_of(peer, greeting) != nullptr)
    forget(peer);
  send(sender(), peer, EnvelopeKind::refused, encode(Refused{greeting, reason}));
}

bool Gateway::was_member(const Incarnation& peer) const {
  return std::ranges::find(former_members_, peer) != former_members_.end();
}

caf::actor Gateway::sender() const { return caf::actor_cast<caf::actor>(self_->current_sender()); }

void Gateway::send(const caf::actor& link, const Incarnation& peer, EnvelopeKind kind, std::string body) {
  if (link)
    self_->send(link, Envelope{envelope_version, static_cast<std::uint8_t>(kind), context_->me.incarnation, peer,
                               std::move(body)});
}

caf::behavior gateway_actor(caf::stateful_actor<std::unique_ptr<Gateway>>* self, LinkContextPtr context) {
  ignore_strangers(self);
  self->state = std::make_unique<Gateway>(self, std::move(context));
  self->set_down_handler([self](const caf::down_msg& down) { self->state->on_down(down); });
  self->state->begin();
  return {
      [self](const Envelope& envelope) { self->state->on_envelope(envelope); },
      [self](const GrantDue& due) { self->state->on_grant_due(due); },
      [self](const GrantNow& now) { self->state->on_grant_now(now.peer, now.greeting); },
      [self](const LinkTick&) { self->state->tick(); },
      [self](const MembersChanged& changed) { self->state->on_members(changed.members); },
      [self](const StopLinking&) { self->quit(); },
  };
}

}  // namespace dompet
