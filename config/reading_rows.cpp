#include "config/setting_rows.hpp"

namespace dompet::rows {

void add_reading(Rows& rows) {
  rows.push_back(boolean({"statistics", "project",
                          "Whether this node adds the journal up for statistics. One node at a time does it for all; "
                          "while none does, answers count what is missing themselves as far as they can, and say how "
                          "many records they left out."},
                         [](auto& s) -> auto& { return s.projection.enabled; }));
  rows.push_back(number({"statistics", "page_records", "Records that one step counts, in one transaction."}, "records",
                        1, 5'000, [](auto& s) -> auto& { return s.projection.page_records; }));
  rows.push_back(number({"statistics", "interval_ms",
                         "How often it looks for new records when it has counted all. Answers need not wait for it."},
                        "milliseconds", 10, 60'000, [](auto& s) -> auto& { return s.projection.interval; }));
  rows.push_back(number({"statistics", "work_percent",
                         "How much of the time it may work while there is more to count. The rest of the database's "
                         "time belongs to money: after a rush the statistics catch up later."},
                        "percent", 1, 100, [](auto& s) -> auto& { return s.projection.work_percent; }));
}

}  // namespace dompet::rows
