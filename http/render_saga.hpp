#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/json.hpp"
#include "http/saga_proof.hpp"
#include "http/saga_reason.hpp"
#include "http/saga_timeline.hpp"
#include "persistence/saga_inspector.hpp"

namespace dompet::http {

// The inspector's values become JSON and CSV here. Pure, like render.hpp.

/// One transfer of a list, with why it is where it is as far as the tables tell.
void append_saga(JsonWriter& json, const SagaRow& row, const ClusterView& view, std::int64_t now_ms);

/// The members of a timeline's step that show its record as a whole, with the entries that it stands for.
void append_whole_record(JsonWriter& json, const Record& record);

/// The columns of the CSV file.
std::string_view saga_csv_header();
void append_saga_csv(std::string& out, const SagaRow& row, const ClusterView& view);

/// What the owner said when it was asked; nothing when it was not asked because the transfer is over.
struct AskedOwner {
  std::optional<SagaReport> report{};
};

std::string render_saga(const SagaStory& story, const std::optional<AskedOwner>& owner, bool register_read,
                        const ClusterView& view, std::int64_t now_ms);
std::string render_timeline(const SagaStory& story, std::int64_t now_ms);
std::string render_proof(const SagaStory& story, const SagaProof& proof);
/// Everything on record, exact to the byte: amounts in minor units, journal rows as they are stored.
std::string render_bundle(const SagaStory& story, const ClusterView& view, std::int64_t now_ms);
std::string render_notes(const std::vector<SagaNote>& notes);
std::string render_counts(const SagaCounts& counts, const ClusterView& view, std::int64_t now_ms);

}  // namespace dompet::http
