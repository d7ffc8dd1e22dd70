#include "http/render_user.hpp"

#include "http/json.hpp"
#include "http/timestamp.hpp"

namespace dompet::http {

namespace {

void append_members(JsonWriter& json, const StoredUser& user) {
  json.plain("id", to_string(user.id)).member("username", user.username).member("first_name", user.first_name);
  json.member("last_name", user.last_name).member("email", user.email);
  json.key("email_verified").truth(user.is_email_verified).plain("status", user.status).key("roles").begin_array();
  for (const std::string& role : user.roles)
    json.text(role);
  json.end_array();
  json.plain("created_at", format_time(user.created_at_ms)).plain("updated_at", format_time(user.updated_at_ms));
  if (user.deleted_at_ms)
    json.plain("deleted_at", format_time(*user.deleted_at_ms));
  else
    json.key("deleted_at").null();
}

void append_permissions(JsonWriter& json, const PermissionSet& permissions) {
  json.key("permissions").begin_array();
  const auto all = all_permissions();
  for (std::size_t place = 0; place < all.size(); ++place) {
    const Grant grant = permissions.grant(place);
    if (grant == Grant::none)
      continue;
    json.text(std::string{all[place].name} + (grant == Grant::any && !all[place].for_all ? ":any" : ""));
  }
  json.end_array();
}

}  // namespace

std::string render_user(const StoredUser& user) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  append_members(json, user);
  json.end_object();
  return text;
}

std::string render_me(const StoredUser& user, const PermissionSet& permissions) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  append_members(json, user);
  append_permissions(json, permissions);
  json.end_object();
  return text;
}

}  // namespace dompet::http
