#include "persistence/reference_store.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "domain/ensure.hpp"
#include "persistence/reader_rows.hpp"
#include "persistence/session.hpp"

namespace dompet {

namespace {

/// Up to so many characters a search is for the beginning of a word: an index of three letters knows no shorter parts.
constexpr std::size_t longest_beginning = 2;

/// The columns before the table's own.
constexpr int fixed_columns = 5;

/// A piece of SQL with the value it is about in place of its `?`.
std::string filled(std::string_view piece, std::string_view value) {
  std::string sql;
  for (const char letter : piece)
    letter == '?' ? sql.append(value) : sql += letter;
  return sql;
}

std::string name_of(const ReferenceTable& table) { return std::string{table.name}; }

std::string select_from(const ReferenceTable& table) {
  std::string sql = "SELECT t.id, " + std::string{table.owner} + ", " + milliseconds("t.created_at") + ", " +
                    milliseconds("t.updated_at") + ", " + milliseconds("t.deleted_at");
  for (const ReferenceColumn& column : table.columns)
    sql += ", " + (column.read.empty() ? "t." + std::string{column.name} : std::string{column.read});
  return sql + " FROM " + name_of(table) + " t";
}

const ReferenceColumn& column_of(const ReferenceTable& table, std::string_view name) {
  const auto found = std::ranges::find(table.columns, name, &ReferenceColumn::name);
  ensure(found != table.columns.end(), "a column is one of its table's");
  return *found;
}

/// The value as an expression; notes it among the parameters.
std::string value_sql(const ReferenceColumn& column, const std::optional<std::string>& value, Parameters& values) {
  value ? values.add(*value) : values.add_null();
  return column.write.empty() ? values.last() : filled(column.write, values.last());
}

/// " AND …": the row is one that the owner may see. Notes him among the parameters.
std::string owned_sql(const ReferenceTable& table, const ReferenceStore::Owner& owner, Parameters& values) {
  if (!owner)
    return {};
  std::string sql{" AND "};
  sql.append(filled(table.owned_by, values.add(owner->user).last() + "::uuid"));
  if (owner->merchant)
    sql.append(" AND ").append(filled(table.of_merchant, values.add(*owner->merchant).last() + "::uuid"));
  return sql;
}

ReferenceRow reference_row(const ReferenceTable& table, const Row& row) {
  ReferenceRow read{.table = &table,
                    .id = row.uuid(0),
                    .owner = row.uuid_if_any(1),
                    .created_at_ms = row.number(2),
                    .updated_at_ms = row.number(3),
                    .deleted_at_ms = row.number_if_any(4)};
  for (int i = 0; i < static_cast<int>(table.columns.size()); ++i)
    read.values.push_back(row.is_null(fixed_columns + i) ? std::nullopt
                                                         : std::optional{std::string{row.text(fixed_columns + i)}});
  return read;
}

/// What LIKE finds; its own signs stand for themselves.
std::string pattern_of(std::string_view term) {
  std::size_t characters = 0;
  std::string pattern;
  for (const char letter : term) {
    if (letter == '%' || letter == '_' || letter == '\\')
      pattern += '\\';
    pattern += letter;
    characters += (static_cast<unsigned char>(letter) & 0xC0) != 0x80 ? 1 : 0;
  }
  return (characters <= longest_beginning ? "% " : "%") + pattern + "%";
}

std::string state_sql(TrashState state) {
  switch (state) {
    case TrashState::active: return "t.deleted_at IS NULL";
    case TrashState::trashed: return "t.deleted_at IS NOT NULL";
    case TrashState::all: break;
  }
  return "true";
}

nlohmann::json json_of(const ReferenceRow& row, std::string_view column) {
  const auto& value = row.at(column);
  return value ? nlohmann::json(*value) : nlohmann::json();
}

/// What a write changed, column by column, without secrets; of a new row what it begins with.
std::string difference(const ReferenceRow* before, const ReferenceRow& after, const ReferenceValues& values) {
  nlohmann::json evidence = nlohmann::json::object();
  for (const ReferenceColumn& column : after.table->columns) {
    const std::string name{column.name};
    const bool is_written = std::ranges::find(values, column.name, &ReferenceValues::value_type::first) != values.end();
    if (column.is_secret) {
      if (is_written)
        evidence[name] = "changed";
    } else if (before == nullptr) {
      evidence[name] = json_of(after, name);
    } else if (before->at(name) != after.at(name)) {
      evidence[name] = {{"before", json_of(*before, name)}, {"after", json_of(after, name)}};
    }
  }
  return evidence.dump();
}

}  // namespace

const std::optional<std::string>& ReferenceRow::at(std::string_view column) const {
  const ReferenceColumn& found = column_of(*table, column);
  return values[static_cast<std::size_t>(&found - table->columns.data())];
}

Uuid ReferenceRow::uuid(std::string_view column) const {
  const auto& value = at(column);
  if (!value)
    return {};
  const auto uuid = parse_uuid(*value);
  if (!uuid)
    throw Unreadable("column " + std::string{column} + " should be a UUID");
  return *uuid;
}

/// Ends a transaction that was refused; leaves the store as an outcome.
struct ReferenceStore::Refused {
  ReferenceRefusal refusal;
};

ReferenceStore::ReferenceStore(Reader& reader, const ReferenceTable& table)
    : session_(reader.session()), table_(table) {}

std::vector<ReferenceRow> ReferenceStore::list(const ReferenceQuery& query) {
  Parameters values;
  std::string sql = select_from(table_) + " WHERE " + state_sql(query.state);
  sql += owned_sql(table_, query.owner, values);
  if (!query.search.empty())
    sql += " AND t.search LIKE lower(" + values.add(pattern_of(query.search)).last() + ")";
  for (const auto& [column, value] : query.equal)
    sql += " AND t." + std::string{column_of(table_, column).name} + " = " + values.add(value).last();
  if (query.before)
    sql += " AND t.id < " + values.add(*query.before).last();
  sql += " ORDER BY t.id DESC LIMIT " + std::to_string(query.limit);
  std::vector<ReferenceRow> rows;
  session_.ask(sql, values).each([&](const Row& row) { rows.push_back(reference_row(table_, row)); });
  return rows;
}

std::optional<ReferenceRow> ReferenceStore::find(const Uuid& id, const Owner& owner) {
  Parameters values;
  std::string sql = select_from(table_) + " WHERE t.id = " + values.add(id).last();
  sql += owned_sql(table_, owner, values);
  const Rows rows = session_.ask_prepared(sql, values);
  return rows.empty() ? std::nullopt : std::optional{reference_row(table_, rows[0])};
}

std::optional<ReferenceRow> ReferenceStore::find_by(std::string_view column, const std::string& value,
                                                    const Owner& owner) {
  Parameters values;
  std::string sql = select_from(table_) + " WHERE t." + std::string{column_of(table_, column).name} + " = " +
                    values.add(value).last();
  sql += owned_sql(table_, owner, values);
  const Rows rows = session_.ask_prepared(sql, values);
  return rows.empty() ? std::nullopt : std::optional{reference_row(table_, rows[0])};
}

template <class Body>
ReferenceOutcome<ReferenceRow> ReferenceStore::write(Body body) {
  std::optional<ReferenceRow> row;
  try {
    session_.within("BEGIN READ WRITE", [&] { row = body(); });
  } catch (Refused& refused) {
    return std::unexpected(std::move(refused.refusal));
  }
  return std::move(*row);
}

/// The row, locked until the transaction ends; refuses when there is none or the guard says so.
ReferenceRow ReferenceStore::locked(const Uuid& id, const Owner& owner, const ReferenceGuard& guard) {
  Parameters values;
  std::string sql = select_from(table_) + " WHERE t.id = " + values.add(id).last();
  sql += owned_sql(table_, owner, values);
  const Rows rows = session_.ask_prepared(sql + " FOR UPDATE OF t", values);
  if (rows.empty())
    throw Refused{{.fault = ReferenceFault::absent}};
  ReferenceRow row = reference_row(table_, rows[0]);
  if (guard)
    if (auto refusal = guard(session_, row))
      throw Refused{std::move(*refusal)};
  return row;
}

ReferenceRow ReferenceStore::again(const Uuid& id) {
  const auto row = find(id);
  ensure(row.has_value(), "a row that was just written is there");
  return *row;
}

void ReferenceStore::require_parents(const ReferenceValues& values, const Owner& owner) {
  for (const ReferenceParent& parent : table_.parents)
    for (const auto& [column, value] : values) {
      if (column != parent.column)
        continue;
      Parameters found;
      std::string sql = "SELECT 1 FROM " + name_of(*parent.table) +
                        " t WHERE t.deleted_at IS NULL AND t.id = " + found.add(value.value_or("")).last() + "::uuid";
      sql += owned_sql(*parent.table, owner, found);
      if (!value || session_.ask_prepared(sql + " FOR SHARE", found).empty())
        throw Refused{{.fault = ReferenceFault::parent_absent, .column = column}};
    }
}

void ReferenceStore::require_unique(const ReferenceValues& values, const Uuid& id) {
  for (const ReferenceUnique& unique : table_.uniques)
    for (const auto& [column, value] : values) {
      if (column != unique.column || !value)
        continue;
      Parameters found;
      const std::string sql = "SELECT 1 FROM " + name_of(table_) + " t WHERE " +
                              filled(unique.condition, value_sql(column_of(table_, column), value, found)) +
                              " AND t.id <> " + found.add(id).last();
      if (!session_.ask_prepared(sql, found).empty())
        throw Refused{{.fault = ReferenceFault::taken, .column = column}};
    }
}

void ReferenceStore::finish(const Uuid& id, std::string_view deed, const Act& act, const std::string& evidence) {
  const std::string thing{table_.thing};
  const std::string target = thing + ":" + to_string(id);
  write_audit(session_, {act, thing + "." + std::string{deed}, target, evidence});
  if (!table_.announcement.empty() && deed != table_.quiet_deed)
    session_.ask_prepared(filled(table_.announcement, "$1"), Parameters{}.add(id));
}

ReferenceOutcome<ReferenceRow> ReferenceStore::create(const Uuid& id, const ReferenceValues& values, const Owner& owner,
                                                      const Act& act, const ReferenceGuard& also) {
  return write([&] {
    require_parents(values, owner);
    Parameters written;
    std::string columns = "id";
    std::string given = written.add(id).last();
    for (const auto& [name, value] : values) {
      columns += ", " + std::string{name};
      given += ", " + value_sql(column_of(table_, name), value, written);
    }
    const Rows made = session_.ask_prepared("INSERT INTO " + name_of(table_) + " (" + columns + ") VALUES (" + given +
                                                ") ON CONFLICT DO NOTHING RETURNING 1",
                                            written);
    if (made.empty()) {
      require_unique(values, id);
      throw Unavailable("a row was in the way and is gone");
    }
    if (also)
      if (auto refusal = also(session_, again(id)))
        throw Refused{std::move(*refusal)};
    ReferenceRow row = again(id);
    finish(id, "create", act, difference(nullptr, row, values));
    return row;
  });
}

ReferenceOutcome<ReferenceRow> ReferenceStore::change(const Uuid& id, const ReferenceValues& values, const Owner& owner,
                                                      std::string_view deed, const Act& act,
                                                      const ReferenceGuard& guard) {
  return write([&] {
    const ReferenceRow before = locked(id, owner, guard);
    if (before.is_trashed())
      throw Refused{{.fault = ReferenceFault::in_trash}};
    require_parents(values, owner);
    require_unique(values, id);
    Parameters written;
    std::string sql = "UPDATE " + name_of(table_) + " SET updated_at = now()";
    for (const auto& [name, value] : values)
      sql += ", " + std::string{name} + " = " + value_sql(column_of(table_, name), value, written);
    session_.ask_prepared(sql + " WHERE id = " + written.add(id).last(), written);
    ReferenceRow row = again(id);
    finish(id, deed, act, difference(&before, row, values));
    return row;
  });
}

ReferenceOutcome<ReferenceRow> ReferenceStore::trash(const Uuid& id, const Owner& owner, const Act& act,
                                                     const ReferenceGuard& guard) {
  return write([&] {
    ReferenceRow row = locked(id, owner, guard);
    if (row.is_trashed())
      return row;
    session_.ask_prepared("UPDATE " + name_of(table_) + " SET deleted_at = now(), updated_at = now() WHERE id = $1",
                          Parameters{}.add(id));
    finish(id, "trash", act, "{}");
    return again(id);
  });
}

ReferenceOutcome<ReferenceRow> ReferenceStore::restore(const Uuid& id, const Owner& owner, const Act& act,
                                                       const ReferenceGuard& guard) {
  return write([&] {
    ReferenceRow row = locked(id, owner, guard);
    if (!row.is_trashed())
      return row;
    session_.ask_prepared("UPDATE " + name_of(table_) + " SET deleted_at = NULL, updated_at = now() WHERE id = $1",
                          Parameters{}.add(id));
    finish(id, "restore", act, "{}");
    return again(id);
  });
}

ReferenceOutcome<ReferenceRow> ReferenceStore::erase(const Uuid& id, const Owner& owner, const Act& act,
                                                     const ReferenceGuard& guard) {
  return write([&] {
    ReferenceRow row = locked(id, owner, guard);
    if (!row.is_trashed())
      throw Refused{{.fault = ReferenceFault::not_in_trash}};
    const std::string referenced =
        "SELECT " + std::string{table_.still_referenced} + " FROM " + name_of(table_) + " t WHERE t.id = $1";
    if (session_.ask_prepared(referenced, Parameters{}.add(id))[0].is_true(0))
      throw Refused{{.fault = ReferenceFault::still_referenced}};
    for (const std::string_view statement : table_.ends_with_it)
      session_.ask_prepared(filled(statement, "$1"), Parameters{}.add(id));
    session_.ask_prepared("DELETE FROM " + name_of(table_) + " WHERE id = $1", Parameters{}.add(id));
    finish(id, "erase", act, "{}");
    return row;
  });
}

}  // namespace dompet
