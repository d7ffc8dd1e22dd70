#include "config/setting_rows.hpp"

namespace dompet::rows {

void add_money(Rows& rows) {
  rows.push_back(number({"money", "minimum_topup",
                         "The least top-up, in whole units of whatever currency; 0 for none. Smaller ones cost a "
                         "provider more than they bring."},
                        "units", 0, 1'000'000'000, [](auto& s) -> auto& { return s.http.minimum_topup; }));
  rows.push_back(number({"money", "remembered_payments",
                         "Payments that are kept in memory for captures, voids and refunds to come; for others the "
                         "database is asked. About a kilobyte each."},
                        "payments", 1, 10'000'000, [](auto& s) -> auto& { return s.http.remembered_payments; }));
}

}  // namespace dompet::rows
