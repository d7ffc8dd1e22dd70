#include "http/access/permissions.hpp"

#include <algorithm>
#include <array>

namespace dompet::http {

namespace {

constexpr bool has_owner = false;
constexpr bool for_all = true;

constexpr std::array table{
    Permission{"account:use", for_all, "log out, see and keep the own account"},
    Permission{"users:read", has_owner, "see users"},
    Permission{"users:write", has_owner, "change users; for all: make and trash them, give them roles"},
    Permission{"roles:read", for_all, "see roles and permissions"},
    Permission{"roles:write", for_all, "make, change and trash roles"},

    Permission{"cards:read", has_owner, "see cards, masked"},
    Permission{"cards:write", has_owner, "issue, change and trash cards"},
    Permission{"cards:freeze", has_owner, "freeze and unfreeze cards"},
    Permission{"cards:reveal", has_owner, "see a card's whole number"},
    Permission{"merchants:read", has_owner, "see merchants"},
    Permission{"merchants:write", has_owner, "make, change and trash merchants"},
    Permission{"merchants:review", for_all, "decide a merchant's status"},
    Permission{"documents:read", has_owner, "see merchants' documents"},
    Permission{"documents:write", has_owner, "hand in, change and trash documents"},
    Permission{"documents:review", for_all, "decide a document's status"},
    Permission{"api_keys:write", has_owner, "make, list and revoke merchants' API keys"},

    Permission{"wallets:read", has_owner, "see wallets, balances and statements"},
    Permission{"wallets:write", has_owner, "open, rename and close wallets"},
    Permission{"wallets:freeze", has_owner, "freeze and unfreeze wallets"},
    Permission{"wallets:limits", has_owner, "set wallets' limits"},
    Permission{"topups:write", has_owner, "bring money in"},
    Permission{"transfers:write", has_owner, "transfer money"},
    Permission{"withdrawals:write", has_owner, "pay money out"},
    Permission{"payments:write", has_owner, "pay, and authorize, capture and void payments"},
    Permission{"refunds:write", has_owner, "give payments back"},
    Permission{"invoices:read", has_owner, "see merchants' invoices"},
    Permission{"invoices:write", has_owner, "issue and cancel invoices"},
    Permission{"virtual_accounts:read", for_all, "see what there is to pay by the number of a virtual account"},
    Permission{"transactions:read", has_owner, "see transactions"},
    Permission{"transactions:archive", has_owner, "hide and show transactions in the own lists"},
    Permission{"statistics:read", has_owner, "see statistics and dashboards"},
    Permission{"events:read", has_owner, "listen to what happens"},

    Permission{"marketplaces:read", for_all, "see what marketplaces were told"},
    Permission{"marketplaces:operate", for_all, "tell a marketplace again at once"},

    Permission{"fx:read", for_all, "see rates of exchange and what an amount comes to"},
    Permission{"fx:quote", has_owner, "have quotes made, and see them"},
    Permission{"fx:write", for_all, "set rates of exchange"},

    Permission{"webhooks:read", has_owner, "see webhook endpoints and their deliveries"},
    Permission{"webhooks:write", has_owner, "make, change, test and delete webhook endpoints, send events again"},

    Permission{"sagas:read", for_all, "see transfers under way in the inspector"},
    Permission{"sagas:operate", for_all, "retry, pause, resume and cancel single transfers, write notes and views"},
    Permission{"sagas:approve", for_all, "let bulk orders act"},
    Permission{"risk:read", for_all, "see risk rules, and what they said about transactions"},
    Permission{"risk:score", for_all, "ask risk rules about a transaction that is not made"},
    Permission{"risk:decide", for_all, "approve and reject transactions under review, but not one's own"},
    Permission{"risk:write", for_all, "change risk rules"},
    Permission{"cluster:read", for_all, "see nodes, shards and lanes"},
    Permission{"cluster:operate", for_all, "move a shard"},
    Permission{"cluster:approve", for_all, "drain a node, rebalance the cluster"},
    Permission{"ledger:read", for_all, "see the trial balance and proofs"},
    Permission{"audit:read", for_all, "see who did what"},

    Permission{"mails:read", for_all, "see which mails were sent, and which failed and why"},
    Permission{"mails:operate", for_all, "have mails tried again"},
};

constexpr std::string_view everything = "*";
constexpr std::string_view any_suffix = ":any";

}  // namespace

std::span<const Permission> all_permissions() { return table; }

std::optional<std::size_t> find_permission(std::string_view name) {
  const auto found = std::ranges::find(table, name, &Permission::name);
  if (found == table.end())
    return std::nullopt;
  return static_cast<std::size_t>(found - table.begin());
}

bool PermissionSet::add(std::string_view name) {
  static_assert(table.size() <= most);
  if (name == everything) {
    own_.set();
    any_.set();
    return true;
  }
  const bool is_any = name.ends_with(any_suffix);
  if (is_any)
    name.remove_suffix(any_suffix.size());
  const auto place = find_permission(name);
  if (!place || (is_any && table[*place].for_all))
    return false;
  own_.set(*place);
  if (is_any || table[*place].for_all)
    any_.set(*place);
  return true;
}

void PermissionSet::add(const PermissionSet& more) {
  own_ |= more.own_;
  any_ |= more.any_;
}

Grant PermissionSet::grant(std::size_t permission) const {
  if (any_.test(permission))
    return Grant::any;
  return own_.test(permission) ? Grant::own : Grant::none;
}

bool is_grantable(std::string_view name) { return PermissionSet{}.add(name); }

}  // namespace dompet::http
