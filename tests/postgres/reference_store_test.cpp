#include <catch2/catch_test_macros.hpp>

#include "persistence/reference_store.hpp"
#include "tests/postgres/ledger.hpp"

namespace dompet::testing {

namespace {

const Act clerk{.actor = make_incarnation().uuid, .who = "clerk@example.com", .request_id = "r-1"};

/// An empty ledger with one user who may own things.
struct Registry {
  Registry() {
    make_empty_ledger();
    ayu = add_user("ayu");
    budi = add_user("budi");
  }

  Uuid add_user(const std::string& name) {
    const Uuid id = make_row_id();
    const auto made = users.create(id,
                                   {{"username", name},
                                    {"first_name", name},
                                    {"last_name", "Lestari"},
                                    {"email", name + "@example.com"},
                                    {"password_hash", "$argon2id$secret"}},
                                   {}, clerk);
    REQUIRE(made);
    return id;
  }

  Uuid add_merchant(const Uuid& owner, const std::string& name) {
    const Uuid id = make_row_id();
    REQUIRE(merchants.create(
        id, {{"user_id", to_string(owner)}, {"wallet_id", to_string(make_row_id())}, {"name", name}}, {}, clerk));
    return id;
  }

  Reader reader{{.database = database_url()}};
  ReferenceStore users{reader, user_table};
  ReferenceStore roles{reader, role_table};
  ReferenceStore merchants{reader, merchant_table};
  ReferenceStore documents{reader, merchant_document_table};
  Uuid ayu{};
  Uuid budi{};
};

std::vector<std::string> names(const std::vector<ReferenceRow>& rows) {
  std::vector<std::string> names;
  for (const ReferenceRow& row : rows)
    names.push_back(row.text("name"));
  return names;
}

using Names = std::vector<std::string>;

ReferenceFault fault_of(const ReferenceOutcome<ReferenceRow>& outcome) {
  REQUIRE_FALSE(outcome);
  return outcome.error().fault;
}

}  // namespace

TEST_CASE("a list is newest first, page by page", "[reference]") {
  Registry registry;
  for (const char* name : {"one", "two", "three", "four", "five"})
    registry.add_merchant(registry.ayu, name);
  const auto first = registry.merchants.list({.limit = 2});
  CHECK(names(first) == Names{"five", "four"});
  const auto second = registry.merchants.list({.before = first.back().id, .limit = 2});
  CHECK(names(second) == Names{"three", "two"});
  CHECK(names(registry.merchants.list({.before = second.back().id, .limit = 2})) == Names{"one"});
}

TEST_CASE("an owner sees his own things, and others' as if they were not there", "[reference]") {
  Registry registry;
  const Uuid mine = registry.add_merchant(registry.ayu, "mine");
  const Uuid his = registry.add_merchant(registry.budi, "his");
  CHECK(names(registry.merchants.list({.owner = registry.ayu})) == Names{"mine"});
  CHECK(registry.merchants.find(mine, registry.ayu));
  CHECK_FALSE(registry.merchants.find(his, registry.ayu));
  CHECK(fault_of(registry.merchants.trash(his, registry.ayu, clerk)) == ReferenceFault::absent);
  CHECK(fault_of(registry.merchants.change(his, {{"name", "stolen"}}, registry.ayu, "change", clerk)) ==
        ReferenceFault::absent);
  CHECK(registry.merchants.find(his)->text("name") == "his");
  CHECK(registry.users.list({.owner = registry.ayu}).size() == 1);
}

TEST_CASE("a document belongs to its merchant's owner", "[reference]") {
  Registry registry;
  const Uuid merchant = registry.add_merchant(registry.ayu, "Warung");
  const ReferenceValues licence{{"merchant_id", to_string(merchant)},
                                {"document_type", "licence"},
                                {"document_url", "https://example.com/licence.pdf"}};
  CHECK(fault_of(registry.documents.create(make_row_id(), licence, registry.budi, clerk)) ==
        ReferenceFault::parent_absent);
  const auto made = registry.documents.create(make_row_id(), licence, registry.ayu, clerk);
  REQUIRE(made);
  CHECK(made->owner == registry.ayu);
  CHECK(registry.documents.list({.owner = registry.ayu}).size() == 1);
  CHECK(registry.documents.list({.owner = registry.budi}).empty());
  CHECK(registry.documents.list({.equal = {{"merchant_id", to_string(merchant)}}}).size() == 1);
}

TEST_CASE("a search finds any part of three letters, and the beginnings of words by fewer", "[reference]") {
  Registry registry;
  for (const char* name : {"Warung Ayu", "Toko Yunita", "Kopi 100%", "Kopi_Lain"})
    registry.add_merchant(registry.ayu, name);
  const auto found = [&](const char* term) { return names(registry.merchants.list({.search = term})); };
  CHECK(found("unit") == Names{"Toko Yunita"});
  CHECK(found("WARUNG") == Names{"Warung Ayu"});
  CHECK(found("ay") == Names{"Warung Ayu"});
  CHECK(found("t") == Names{"Toko Yunita"});
  CHECK(found("u") == Names{});
  CHECK(found("100%") == Names{"Kopi 100%"});
  CHECK(found("i_l") == Names{"Kopi_Lain"});
  CHECK(found("rung ay") == Names{"Warung Ayu"});
  CHECK(found("nobody") == Names{});
}

TEST_CASE("what is in the trash is out of the list until it is restored", "[reference]") {
  Registry registry;
  const Uuid id = registry.add_merchant(registry.ayu, "Warung");
  CHECK(registry.merchants.trash(id, {}, clerk)->is_trashed());
  CHECK(registry.merchants.trash(id, {}, clerk)->is_trashed());
  CHECK(registry.merchants.list({}).empty());
  CHECK(registry.merchants.list({.state = TrashState::trashed}).size() == 1);
  CHECK(registry.merchants.list({.state = TrashState::all}).size() == 1);
  CHECK(fault_of(registry.merchants.change(id, {{"name", "x"}}, {}, "change", clerk)) == ReferenceFault::in_trash);
  CHECK_FALSE(registry.merchants.restore(id, {}, clerk)->is_trashed());
  CHECK(registry.merchants.list({}).size() == 1);
}

TEST_CASE("only what is in the trash, and nothing points at, is deleted for good", "[reference]") {
  Registry registry;
  const Uuid merchant = registry.add_merchant(registry.ayu, "Warung");
  const auto document = registry.documents.create(
      make_row_id(),
      {{"merchant_id", to_string(merchant)}, {"document_type", "licence"}, {"document_url", "https://example.com"}}, {},
      clerk);
  CHECK(fault_of(registry.merchants.erase(merchant, {}, clerk)) == ReferenceFault::not_in_trash);
  registry.merchants.trash(merchant, {}, clerk);
  CHECK(fault_of(registry.merchants.erase(merchant, {}, clerk)) == ReferenceFault::still_referenced);
  registry.documents.trash(document->id, {}, clerk);
  CHECK(registry.documents.erase(document->id, {}, clerk));
  CHECK(registry.merchants.erase(merchant, {}, clerk));
  CHECK_FALSE(registry.merchants.find(merchant));
  CHECK(fault_of(registry.merchants.erase(merchant, {}, clerk)) == ReferenceFault::absent);
}

TEST_CASE("a user with a merchant is kept", "[reference]") {
  Registry registry;
  registry.add_merchant(registry.ayu, "Warung");
  registry.users.trash(registry.ayu, {}, clerk);
  registry.users.trash(registry.budi, {}, clerk);
  CHECK(fault_of(registry.users.erase(registry.ayu, {}, clerk)) == ReferenceFault::still_referenced);
  CHECK(registry.users.erase(registry.budi, {}, clerk));
}

TEST_CASE("what must be unique is, whatever its case, and the trash counts", "[reference]") {
  Registry registry;
  const auto again = [&](const char* username, const char* email) {
    return registry.users.create(
        make_row_id(),
        {{"username", username}, {"first_name", "A"}, {"last_name", "B"}, {"email", email}, {"password_hash", "x"}}, {},
        clerk);
  };
  registry.users.trash(registry.ayu, {}, clerk);
  CHECK(again("ayu", "other@example.com").error().column == "username");
  CHECK(again("other", "ayu@example.com").error().column == "email");
  const auto renamed = registry.users.change(registry.budi, {{"username", "AYU"}}, {}, "change", clerk);
  CHECK(fault_of(renamed) == ReferenceFault::taken);
  CHECK(registry.users.change(registry.budi, {{"username", "Budi"}}, {}, "change", clerk));
}

TEST_CASE("a list of texts goes in and comes out", "[reference]") {
  Registry registry;
  const auto role = registry.roles.create(
      make_row_id(), {{"name", "auditor"}, {"permissions", R"(["audit:read","it's \"odd\""])"}}, {}, clerk);
  REQUIRE(role);
  CHECK(role->text("permissions") == R"(["audit:read","it's \"odd\""])");
  CHECK(role->text("is_protected") == "f");
}

TEST_CASE("a guard sees the row that is locked, and its no undoes everything", "[reference]") {
  Registry registry;
  const Uuid id = registry.add_merchant(registry.ayu, "Warung");
  auto sql = open_session();
  const auto audits = count(sql, "audit");
  const ReferenceGuard no = [](SqlSession&, const ReferenceRow& row) -> std::optional<ReferenceRefusal> {
    return ReferenceRefusal{.fault = ReferenceFault::refused, .code = "no", .detail = row.text("name")};
  };
  const auto outcome = registry.merchants.change(id, {{"name", "Toko"}}, {}, "change", clerk, no);
  CHECK(outcome.error().detail == "Warung");
  CHECK(registry.merchants.find(id)->text("name") == "Warung");
  CHECK(count(sql, "audit") == audits);
}

TEST_CASE("every write is in the audit, without its secrets", "[reference]") {
  Registry registry;
  const Uuid id = registry.add_merchant(registry.ayu, "Warung");
  registry.merchants.change(id, {{"name", "Toko"}}, {}, "change", clerk);
  registry.users.change(registry.ayu, {{"password_hash", "$argon2id$other"}}, {}, "password", clerk);
  AuditLog log(registry.reader);
  const auto about = log.list({.target = "merchant:" + to_string(id)});
  REQUIRE(about.size() == 2);
  CHECK(about[0].what == "merchant.change");
  CHECK(about[0].evidence == R"({"name": {"after": "Toko", "before": "Warung"}})");
  CHECK(about[1].what == "merchant.create");
  CHECK(about[0].who == "clerk@example.com");
  CHECK(about[0].actor == clerk.actor);
  CHECK(about[0].request_id == "r-1");
  for (const AuditRow& row : log.list({}))
    CHECK_FALSE(row.evidence.contains("argon2id"));
}

TEST_CASE("the audit is listed by who, what, about what and when", "[reference]") {
  Registry registry;
  const Uuid id = registry.add_merchant(registry.ayu, "Warung");
  registry.merchants.trash(id, {}, {.actor = registry.ayu, .who = "ayu"});
  AuditLog log(registry.reader);
  CHECK(log.list({.actor = registry.ayu}).size() == 1);
  CHECK(log.list({.what = "merchant.trash"}).size() == 1);
  CHECK(log.list({.what = "user.create"}).size() == 2);
  const auto all = log.list({});
  REQUIRE(all.size() == 4);
  CHECK(log.list({.before = all[1].id}).size() == 2);
  CHECK(log.list({.limit = 3}).size() == 3);
  CHECK(log.list({.from_ms = all[0].at_ms + 60'000}).empty());
  CHECK(log.list({.from_ms = all[3].at_ms - 60'000, .until_ms = all[0].at_ms + 60'000}).size() == 4);
}

TEST_CASE("the moment an audited act shows is the one its list is bounded by, though the database is late",
          "[reference]") {
  Registry registry;
  SqlSession sql = open_session();
  const Uuid id = make_uuid_v7(1'750'000'000'000, {});
  sql.ask("INSERT INTO audit (id, who, what, why, at) VALUES ($1, 'ayu', 'late', '', now())", Parameters{}.add(id));
  AuditLog log(registry.reader);
  const auto rows = log.list({.what = "late"});
  REQUIRE(rows.size() == 1);
  CHECK(log.list({.what = "late", .until_ms = rows[0].at_ms}).empty());
  CHECK(log.list({.what = "late", .from_ms = rows[0].at_ms}).size() == 1);
}

}  // namespace dompet::testing
