#pragma once

#include "http/admission.hpp"
#include "http/ask.hpp"
#include "http/id_source.hpp"
#include "http/metrics.hpp"
#include "http/settings.hpp"

namespace dompet::http {

class Access;
class AuditQueue;
class CardGuesses;
class Directory;
class Identity;
class PaymentMemory;
class SagaFeed;
class SagaJobs;

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

  /// Requests that are made of another.
  InnerDoor& door;
  const GraphqlSchema& graphql;
};

}  // namespace dompet::http
