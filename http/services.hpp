#pragma once

#include "exchange/rate_board.hpp"
#include "exchange/settings.hpp"
#include "http/admission.hpp"
#include "http/ask.hpp"
#include "http/id_source.hpp"
#include "http/metrics.hpp"
#include "http/settings.hpp"

namespace dompet {
class MailSender;
struct MarketplaceCounts;
struct WebhookCounts;
class MarketplaceLookups;
}  // namespace dompet
namespace dompet::events {
class Runners;
}

namespace dompet::http {

class Access;
class AuditQueue;
class CardGuesses;
class Directory;
class EventFeed;
class Identity;
class PaymentMemory;
class SagaFeed;
class SagaJobs;
class VaGuesses;

class GraphqlSchema;
class InnerDoor;

/// What a route may use. Made by the front, alive as long as the io thread.
struct Services {
  const Settings& settings;
  Ask& ask;
  Engine& engine;
  Admission& admission;
  Metrics& metrics;
  IdSource& ids;
  SagaJobs& saga_jobs;
  SagaFeed& saga_feed;
  Access& access;
  /// The vault, passwords, and how long tokens live.
  Identity& identity;
  /// What acts on payments must know of them.
  PaymentMemory& payments;
  CardGuesses& card_guesses;
  /// Cards by number, merchants by id.
  Directory& directory;
  /// What staff did, on its way to the audit.
  AuditQueue& audit;
  /// Orders of marketplaces by the numbers of their virtual accounts.
  MarketplaceLookups& marketplaces;
  VaGuesses& va_guesses;
  /// The newest rates of exchange.
  RateBoard& rates;
  const ExchangeSettings& exchange;
  /// Who listens to events, and the figures of those who are told of all of them.
  EventFeed& event_feed;
  const events::Runners& event_runners;
  /// What became of the mails.
  const MailSender& mails;
  /// What became of webhooks.
  const WebhookCounts& webhook_counts;
  /// What marketplaces said to notices.
  const MarketplaceCounts& marketplace_counts;

  /// Requests that are made of another.
  InnerDoor& door;
  const GraphqlSchema& graphql;
};

}  // namespace dompet::http
