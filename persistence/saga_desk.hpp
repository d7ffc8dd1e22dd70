#pragma once

#include <optional>
#include <string>
#include <vector>

#include "persistence/saga_inspector.hpp"

namespace dompet {

/// Who did what and why, for good.
struct AuditEntry {
  Uuid id{};
  std::string who{};
  /// "saga.cancel", "cluster.drain", …
  std::string what{};
  std::string why{};
  /// A JSON object.
  std::string evidence = "{}";
};

struct NewNote {
  Uuid id{};
  std::string who{};
  std::string text{};
  /// Left as they are when they are not given; empty takes them away.
  std::optional<std::string> label{};
  std::optional<std::string> assignee{};
};

struct SagaView {
  std::string name{};
  /// A JSON object.
  std::string filter{};
};

/// How many views there may be.
inline constexpr int most_views = 200;

/// What operators write beside transfers: notes, marks, views, and the audit of all that they do. Never the ledger:
/// that changes by orders to its owners only. A reader's session is used, in transactions that may write.
class SagaDesk {
 public:
  explicit SagaDesk(Reader& reader);

  /// False when no transfer of this id began in this database.
  bool add_note(const TransactionId& saga, const NewNote& note);
  /// Audits an order that is about to be given to the owner, unless the transfer is over. Nothing when none of this
  /// id began in this database.
  std::optional<SagaListing> announce_order(const TransactionId& saga, const AuditEntry& entry);
  /// What became of an order, when it was not taken.
  void audit(const AuditEntry& entry, const std::optional<TransactionId>& saga = {});

  void mark_paused(const TransactionId& saga, const std::string& by, std::uint64_t epoch);
  void mark_resumed(const TransactionId& saga);

  std::vector<SagaView> views();
  /// False when there are `most_views` others.
  bool save_view(const SagaView& view);
  /// False when there is none of this name.
  bool delete_view(const std::string& name);

 private:
  void write_audit(const AuditEntry& entry, const std::optional<TransactionId>& saga);
  void write(const std::function<void()>& body);

  SqlSession& session_;
  Shard shard_count_;
};

}  // namespace dompet
