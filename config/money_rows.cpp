#include "config/setting_rows.hpp"

namespace dompet::rows {

void add_money(Rows& rows) {
  rows.push_back(number({"money", "minimum_topup",
                         "The least top-up, in whole units of whatever currency; 0 for none. Smaller ones cost a "
                         "provider more than they bring."},
                        "units", 0, 1'000'000'000, [](auto& s) -> auto& { return s.http.minimum_topup; }));
  rows.push_back(number({"money", "authorization_lifetime_s",
                         "How long what a payment has set aside can be captured; then what is left is given back. A "
                         "week is what card schemes allow most merchants."},
                        "seconds", 1, 31'536'000, [](auto& s) -> auto& { return s.http.authorization_lifetime; }));
  rows.push_back(number({"money", "remembered_payments",
                         "Payments that are kept in memory for captures, voids and refunds to come; for others the "
                         "database is asked. About a kilobyte each."},
                        "payments", 1, 10'000'000, [](auto& s) -> auto& { return s.http.remembered_payments; }));
}

}  // namespace dompet::rows
