#pragma once

#include "http/reference/resource.hpp"

namespace dompet::http::routes {

/// A route of one resource, for the table: `on<list_rows, card_resource>`.
template <void (*serve)(Services& services, const ExchangePtr& exchange, const Resource& resource),
          const Resource& resource>
void on(Services& services, const ExchangePtr& exchange) {
  serve(services, exchange, resource);
}

// users.cpp
void create_user(Services& services, const ExchangePtr& exchange);
void change_user(Services& services, const ExchangePtr& exchange);
void change_user_roles(Services& services, const ExchangePtr& exchange);
void lock_user(Services& services, const ExchangePtr& exchange);
void unlock_user(Services& services, const ExchangePtr& exchange);
// roles.cpp
void create_role(Services& services, const ExchangePtr& exchange);
void change_role(Services& services, const ExchangePtr& exchange);
void list_permissions(Services& services, const ExchangePtr& exchange);
// cards.cpp
void create_card(Services& services, const ExchangePtr& exchange);
void reveal_card(Services& services, const ExchangePtr& exchange);
void look_card_up(Services& services, const ExchangePtr& exchange);
void freeze_card(Services& services, const ExchangePtr& exchange);
void unfreeze_card(Services& services, const ExchangePtr& exchange);
// merchants.cpp
void create_merchant(Services& services, const ExchangePtr& exchange);
void review_merchant(Services& services, const ExchangePtr& exchange);
void review_document(Services& services, const ExchangePtr& exchange);
// api_keys.cpp
void create_api_key(Services& services, const ExchangePtr& exchange);
void list_api_keys(Services& services, const ExchangePtr& exchange);
void revoke_api_key(Services& services, const ExchangePtr& exchange);
// audit.cpp
void list_audit(Services& services, const ExchangePtr& exchange);

}  // namespace dompet::http::routes
