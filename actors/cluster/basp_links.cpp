#include "actors/cluster/basp_links.hpp"

#include <caf/io/all.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>

#include "actors/cluster/gateway.hpp"
#include "actors/cluster/guarded_middleman.hpp"
#include "actors/cluster/link.hpp"
#include "domain/ensure.hpp"

namespace dompet {

namespace {

/// How long CAF may take to open or close the port.
constexpr auto port_limit = std::chrono::seconds(10);

/// A node that serves alone.
class NoLinks : public Links {
 public:
  void set_peers(const std::vector<NodeRow>&) override {}
  Sent send(const Incarnation&, std::string) override { return Sent::down; }
  bool is_up(const Incarnation&) const override { return false; }
};

class BaspLinks : public Links {
 public:
  BaspLinks(caf::actor_system& system, LinkContext context);
  ~BaspLinks() override;

  void set_peers(const std::vector<NodeRow>& peers) override;
  Sent send(const Incarnation& peer, std::string frame) override;
  bool is_up(const Incarnation& peer) const override;
  std::uint16_t port() const override { return port_; }

 private:
  struct Peer {
    std::shared_ptr<Outflow> flow{};
    caf::actor link{};
  };

  void publish_gateway();
  void unpublish_gateway();
  void open_link(const NodeRow& peer);
  /// Lets a link end, but does not wait for it.
  void leave(const caf::actor& link);
  void stop_middleman();
  /// Ends an actor and waits for its end.
  void stop(const caf::actor& actor);
  bool is_peer(const NodeRow& row) const;

  caf::actor_system& system_;
  LinkContextPtr context_;
  caf::actor gateway_{};
  std::uint16_t port_ = 0;
  std::shared_ptr<std::atomic<bool>> stopping_ = std::make_shared<std::atomic<bool>>(false);
  mutable std::mutex guard_{};
  std::map<Incarnation, Peer> peers_{};
  /// Links of former peers, which may not have ended yet.
  std::vector<caf::actor_addr> leaving_{};
};

std::shared_ptr<const TlsContext> tls_of(const ClusterSettings& settings) {
  const auto given = {!settings.tls_certificate.empty(), !settings.tls_key.empty(), !settings.tls_ca.empty()};
  if (std::ranges::count(given, true) == 0)
    return nullptr;
  if (std::ranges::count(given, false) > 0)
    throw std::runtime_error(
        "TLS between nodes needs cluster.tls_certificate, cluster.tls_key and cluster.tls_ca, all three or none.");
  return std::make_shared<const TlsContext>(settings.tls_certificate, settings.tls_key, settings.tls_ca);
}

BaspLinks::BaspLinks(caf::actor_system& system, LinkContext context) : system_(system) {
  ensure(system.has_middleman(), "the actor system was not prepared for links (add_links_to)");
  const ClusterSettings& settings = context.settings;
  if (settings.secret.empty())
    throw std::runtime_error("Nodes that are linked need cluster.secret, the same for all of them.");
  prepare_greetings();
  context.middleman = spawn_guarded_middleman(system, tls_of(settings), settings.connect_probe);
  context_ = std::make_shared<const LinkContext>(std::move(context));
  gateway_ = system.spawn(gateway_actor, context_);
  gateway_->attach_functor([context = context_, stopping = stopping_] {
    if (!*stopping)
      context->note(LinkEvent::gateway_ended);
  });
  try {
    publish_gateway();
  } catch (...) {
    *stopping_ = true;
    stop(gateway_);
    stop_middleman();
    throw;
  }
}

void BaspLinks::publish_gateway() {
  const std::string& listen = context_->settings.listen;
  const std::optional<HostPort> address = parse_host_port(listen);
  if (!address)
    throw std::runtime_error("The internal address '" + listen + "' is not of the form host:port.");
  std::string failure;
  caf::scoped_actor self{system_};
  self->request(context_->middleman, port_limit, caf::publish_atom::value, address->port,
                caf::actor_cast<caf::strong_actor_ptr>(gateway_), std::set<std::string>{}, address->host, true)
      .receive([this](std::uint16_t port) { port_ = port; },
               [&](const caf::error& error) { failure = system_.render(error); });
  if (port_ == 0)
    throw std::runtime_error("The internal address " + listen + " cannot be had (" + failure +
                             "). Is another process listening there? Set cluster.listen to an address of this "
                             "machine with a free port.");
}

void BaspLinks::unpublish_gateway() {
  caf::scoped_actor self{system_};
  self->request(context_->middleman, port_limit, caf::close_atom::value, port_)
      .receive([] {}, [](const caf::error&) {});
}

BaspLinks::~BaspLinks() {
  *stopping_ = true;
  std::map<Incarnation, Peer> peers;
  {
    const std::lock_guard lock(guard_);
    peers.swap(peers_);
  }
  for (auto& [incarnation, peer] : peers)
    caf::anon_send(peer.link, StopLinking{});
  unpublish_gateway();
  for (auto& [incarnation, peer] : peers)
    stop(peer.link);
  for (const caf::actor_addr& left : leaving_)
    if (const auto link = caf::actor_cast<caf::actor>(left))
      stop(link);
  stop(gateway_);
  stop_middleman();
}

void BaspLinks::stop_middleman() {
  caf::scoped_actor self{system_};
  self->send_exit(context_->middleman, caf::exit_reason::kill);
  self->wait_for(context_->middleman);
}

void BaspLinks::stop(const caf::actor& actor) {
  caf::scoped_actor self{system_};
  self->send(actor, StopLinking{});
  self->wait_for(actor);
}

bool BaspLinks::is_peer(const NodeRow& row) const {
  return row.incarnation != context_->me.incarnation && !row.internal_address.empty();
}

void BaspLinks::set_peers(const std::vector<NodeRow>& peers) {
  const std::lock_guard lock(guard_);
  std::set<Incarnation> members;
  for (const NodeRow& row : peers)
    if (is_peer(row)) {
      members.insert(row.incarnation);
      const auto known = peers_.find(row.incarnation);
      // A link actor ends by itself only when something killed it.
      if (known == peers_.end() || known->second.flow->has_ended())
        open_link(row);
    }
  std::erase_if(peers_, [&](const auto& entry) {
    const bool stays = members.contains(entry.first);
    if (!stays)
      leave(entry.second.link);
    return !stays;
  });
  caf::anon_send(gateway_, MembersChanged{std::move(members)});
}

void BaspLinks::open_link(const NodeRow& peer) {
  auto flow = std::make_shared<Outflow>();
  caf::actor link = system_.spawn(link_actor, context_, peer, flow);
  peers_[peer.incarnation] = Peer{std::move(flow), std::move(link)};
}

void BaspLinks::leave(const caf::actor& link) {
  std::erase_if(leaving_, [](const caf::actor_addr& left) { return !caf::actor_cast<caf::actor>(left); });
  leaving_.push_back(link.address());
  caf::anon_send(link, StopLinking{});
}

Sent BaspLinks::send(const Incarnation& peer, std::string frame) {
  ensure(frame.size() <= frame_limit_bytes, "a frame is at most 64 kB");
  const std::lock_guard lock(guard_);
  const auto found = peers_.find(peer);
  return found == peers_.end() ? Sent::down : found->second.flow->send(found->second.link, std::move(frame));
}

bool BaspLinks::is_up(const Incarnation& peer) const {
  const std::lock_guard lock(guard_);
  const auto found = peers_.find(peer);
  return found != peers_.end() && found->second.flow->is_up();
}

}  // namespace

void add_links_to(caf::actor_system_config& config, const ClusterSettings& settings) {
  if (settings.listen.empty())
    return;
  config.add_message_type<Envelope>("dompet.envelope");
  config.load<caf::io::middleman>();
  config.set("middleman.heartbeat-interval", caf::timespan(settings.link_heartbeat));
  config.set("middleman.connection-timeout", caf::timespan(settings.link_timeout));
}

std::unique_ptr<Links> make_basp_links(caf::actor_system& system, const ClusterSettings& settings, const NodeRow& me,
                                       RouterActor router, LinkObserver observer) {
  if (settings.listen.empty())
    return std::make_unique<NoLinks>();
  return std::make_unique<BaspLinks>(system, LinkContext{settings, me, std::move(router), {}, std::move(observer)});
}

}  // namespace dompet
