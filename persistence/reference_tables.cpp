#include "persistence/reference_table.hpp"

namespace dompet {

namespace {

constexpr std::string_view nobody = "NULL::uuid";

// Users. Passwords and verifications are identity's; here they are columns that go in, and of which little comes out.
constexpr ReferenceColumn user_columns[]{
    {"username"},
    {"first_name"},
    {"last_name"},
    {"email"},
    {.name = "password_hash", .read = "''", .is_secret = true},
    {"email_verified_at", "(t.email_verified_at IS NOT NULL)::text"},
    {"status"},
    {"roles",
     "(SELECT coalesce(json_agg(r.name ORDER BY r.name), '[]') FROM user_role ur JOIN role r ON r.id = ur.role_id"
     " WHERE ur.user_id = t.id AND r.deleted_at IS NULL)::text"},
    {"changed_at", "''"},
};
constexpr ReferenceUnique user_uniques[]{{"username", "lower(t.username) = lower(?)"},
                                         {"email", "lower(t.email) = lower(?)"}};
constexpr std::string_view user_ends[]{"DELETE FROM transaction_archive WHERE user_id = ?"};

constexpr ReferenceColumn role_columns[]{
    {"name"},
    {"permissions", "array_to_json(t.permissions)::text", "ARRAY(SELECT jsonb_array_elements_text(?::jsonb))"},
    {"is_protected"},
};
constexpr ReferenceUnique role_uniques[]{{"name", "t.name = ?"}};

constexpr ReferenceColumn card_columns[]{
    {"user_id"},
    {"wallet_id"},
    {"type"},
    {"provider"},
    {.name = "number_sealed", .is_secret = true},
    {.name = "number_hash", .is_secret = true},
    {"number_masked"},
    {"expires_on"},
    {"status"},
};
constexpr ReferenceParent card_parents[]{{"user_id", &user_table}};
constexpr ReferenceUnique card_uniques[]{{"number_hash", "t.number_hash = ?::bytea"}};

constexpr ReferenceColumn merchant_columns[]{{"user_id"}, {"wallet_id"}, {"name"}, {"status"}};
constexpr ReferenceParent merchant_parents[]{{"user_id", &user_table}};
// Documents that are not in the trash keep it.
constexpr std::string_view merchant_ends[]{"DELETE FROM api_key WHERE merchant_id = ?",
                                           "DELETE FROM merchant_document WHERE merchant_id = ?"};

constexpr ReferenceColumn document_columns[]{
    {"merchant_id"}, {"document_type"}, {"document_url"}, {"status"}, {"note"}};
constexpr ReferenceParent document_parents[]{{"merchant_id", &merchant_table}};

}  // namespace

const ReferenceTable user_table{
    .name = "app_user",
    .thing = "user",
    .columns = user_columns,
    .owner = "t.id",
    .owned_by = "t.id = ?",
    .uniques = user_uniques,
    .still_referenced = "EXISTS (SELECT 1 FROM card c WHERE c.user_id = t.id)"
                        " OR EXISTS (SELECT 1 FROM merchant m WHERE m.user_id = t.id)",
    .ends_with_it = user_ends,
    .announcement = "SELECT access_changed_v1(?::uuid)",
    .quiet_deed = "change",
};

const ReferenceTable role_table{
    .name = "role",
    .thing = "role",
    .columns = role_columns,
    .owner = nobody,
    .owned_by = "false AND t.id = ?",
    .uniques = role_uniques,
    .still_referenced = "t.is_protected OR EXISTS (SELECT 1 FROM user_role ur WHERE ur.role_id = t.id)",
    .announcement = "SELECT pg_notify('dompet_access', 'role:' || ?)",
};

const ReferenceTable card_table{
    .name = "card",
    .thing = "card",
    .columns = card_columns,
    .owner = "t.user_id",
    .owned_by = "t.user_id = ?",
    .parents = card_parents,
    .uniques = card_uniques,
    .announcement = "SELECT pg_notify('dompet_access', 'card:' || ?)",
};

const ReferenceTable merchant_table{
    .name = "merchant",
    .thing = "merchant",
    .columns = merchant_columns,
    .owner = "t.user_id",
    .owned_by = "t.user_id = ?",
    .of_merchant = "t.id = ?",
    .parents = merchant_parents,
    .still_referenced = "EXISTS (SELECT 1 FROM invoice i WHERE i.merchant_id = t.id)"
                        " OR EXISTS (SELECT 1 FROM merchant_document d WHERE d.merchant_id = t.id"
                        " AND d.deleted_at IS NULL)",
    .ends_with_it = merchant_ends,
    .announcement = "SELECT pg_notify('dompet_access', 'merchant:' || ?)",
};

const ReferenceTable merchant_document_table{
    .name = "merchant_document",
    .thing = "merchant_document",
    .columns = document_columns,
    .owner = "(SELECT m.user_id FROM merchant m WHERE m.id = t.merchant_id)",
    .owned_by = "t.merchant_id IN (SELECT m.id FROM merchant m WHERE m.user_id = ?)",
    .of_merchant = "t.merchant_id = ?",
    .parents = document_parents,
};

}  // namespace dompet
