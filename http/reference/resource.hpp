#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/body.hpp"
#include "http/exchange.hpp"
#include "http/json.hpp"
#include "http/services.hpp"
#include "persistence/reference_store.hpp"

namespace dompet::http {

// Reference data: users, roles, cards, merchants, documents. One set of routes serves them all; what differs is a
// description. A sixth resource costs one, a table (persistence/reference_table.hpp), and its rows in routes.cpp.

enum class FieldForm : std::uint8_t {
  /// 1 to `most` characters, none of them a control character.
  name,
  /// Up to `most` characters, may be left out.
  note,
  /// One of `choices`.
  choice,
  id,
  /// http or https, up to `most` characters.
  web_address,
  /// As of whoever registers (http/identity_body.hpp).
  email,
  username,
  /// Names of the table of permissions.
  permissions,
  /// What only answers have: the column's text as it is, as true or false, as JSON.
  plain,
  truth,
  json,
};

/// When a client may say it.
enum class Given : std::uint8_t { never, at_creation, always };

/// A member of the resource's JSON, and the column of the same name.
struct ReferenceField {
  std::string_view name;
  FieldForm form = FieldForm::plain;
  Given given = Given::never;
  bool required = true;
  std::size_t most = 100;
  std::span<const std::string_view> choices{};
  /// When the column has another name.
  std::string_view column{};

  std::string_view column_name() const { return column.empty() ? name : column; }
};

/// What is about to happen to a row.
enum class Deed : std::uint8_t { change, trash, restore, erase };

struct Resource {
  const ReferenceTable& table;
  /// "/v1/cards"
  std::string_view path;
  /// The code for one that is not there.
  std::string_view absent;
  /// In the order of the answer, between `id` and the times.
  std::span<const ReferenceField> fields;
  /// Columns that a list can be filtered by.
  std::span<const ReferenceField> filters{};
  /// Only who may do it for everybody creates them, puts them into the trash, and gets them out of it.
  bool is_kept_by_staff = false;
  /// The column that is the caller's id when the body does not name a user; staff may name one.
  std::string_view owner_column{};
  /// Looks at the locked row before a deed.
  ReferenceGuard (*guard)(const Exchange& exchange, Deed deed) = nullptr;
  /// Adds to a change what it brings with it.
  void (*with_change)(ReferenceValues& values) = nullptr;
  /// What must be done elsewhere before the row is written: `go_on` then, or a refusal of the exchange.
  void (*before)(Services& services, const ExchangePtr& exchange, Deed deed, const ReferenceRow& row,
                 std::function<void()> go_on) = nullptr;
  /// What is written beside a new row, in its transaction.
  ReferenceGuard (*with_creation)(const Services& services) = nullptr;
  /// Which of the rows money records point at, as far as one database of the ledger knows.
  std::vector<Uuid> (*named_by_money)(Reader& reader, const std::vector<ReferenceRow>& rows) = nullptr;
};

/// Reads a body into columns; for a change only what is there.
Read<ReferenceValues> read_fields(const Resource& resource, const JsonValue& object, bool is_creation);
/// The same out of a body's text, which is an object.
Read<ReferenceValues> read_fields(const Resource& resource, std::string_view body, bool is_creation);

/// The members of a row, within an object that is open.
void append_members(JsonWriter& json, const Resource& resource, const ReferenceRow& row);
std::string render_row(const Resource& resource, const ReferenceRow& row);

/// Who does it, for the audit.
Act act_of(const Exchange& exchange, std::string why = {});
/// Whose rows the caller may see: his own, a merchant's servers the merchant's one, or nothing for everybody's.
std::optional<ReferenceOwner> owner_of(const Exchange& exchange);
ReferenceGuard guard_of(const Resource& resource, const Exchange& exchange, Deed deed);
/// Refuses a caller who may do it only with what is his own; false then.
bool is_for_staff(const ExchangePtr& exchange);

Problem problem_of(const Resource& resource, const ReferenceRefusal& refusal);

/// The row, or why not.
HttpResponse response_of(const Resource& resource, const ReferenceOutcome<ReferenceRow>& outcome,
                         const HttpRequest& request, int status = 200);

/// Makes a change on the query pool and answers with the row, or with why not.
using ReferenceWork = std::function<ReferenceOutcome<ReferenceRow>(ReferenceStore& store)>;
void answer_by_store(Services& services, const ExchangePtr& exchange, const Resource& resource, ReferenceWork work,
                     int status = 200);
/// Goes on on the io thread with the row of the path's id, if it is the caller's; otherwise the exchange is refused.
void with_row(Services& services, const ExchangePtr& exchange, const Resource& resource,
              std::function<void(const ReferenceRow& row)> then);

/// Creates one with these values beside what the body says; what every POST ends with.
void create_row(Services& services, const ExchangePtr& exchange, const Resource& resource, ReferenceValues values);
/// Puts the caller, or the user that the body names, into the owner's column. False when the exchange was refused.
bool take_owner(const ExchangePtr& exchange, const Resource& resource, ReferenceValues& values);

// The routes, for any resource.
void list_rows(Services& services, const ExchangePtr& exchange, const Resource& resource);
void read_row(Services& services, const ExchangePtr& exchange, const Resource& resource);
void make_row(Services& services, const ExchangePtr& exchange, const Resource& resource);
void change_row(Services& services, const ExchangePtr& exchange, const Resource& resource);
void trash_row(Services& services, const ExchangePtr& exchange, const Resource& resource);
void restore_row(Services& services, const ExchangePtr& exchange, const Resource& resource);
void erase_row(Services& services, const ExchangePtr& exchange, const Resource& resource);
void restore_all_rows(Services& services, const ExchangePtr& exchange, const Resource& resource);
void empty_trash(Services& services, const ExchangePtr& exchange, const Resource& resource);

extern const Resource user_resource;
extern const Resource role_resource;
extern const Resource card_resource;
extern const Resource merchant_resource;
extern const Resource document_resource;

}  // namespace dompet::http
