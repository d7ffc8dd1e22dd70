#include <map>

#include "http/across.hpp"
#include "http/answers.hpp"
#include "http/query.hpp"
#include "http/render.hpp"
#include "http/routes.hpp"

namespace dompet::http::routes {

namespace {

using Lines = std::vector<TrialBalanceLine>;

/// By account, as each of them is.
Lines sum_of(const std::vector<Lines>& parts) {
  std::map<std::string, Minor> totals;
  for (const Lines& lines : parts)
    for (const TrialBalanceLine& line : lines)
      totals[line.account] += line.total;
  Lines sum;
  for (const auto& [account, total] : totals)
    sum.push_back({account, total});
  return sum;
}

}  // namespace

void read_trial_balance(Services& services, const ExchangePtr& exchange) {
  const QueryParameters parameters(exchange->request.query, {});
  if (const auto problem = parameters.problem())
    return refuse(exchange, *problem);
  answer_from_all<Lines>(
      services, exchange, [](Reader& reader) { return reader.trial_balance(); }, sum_of,
      [](const Lines& lines, const HttpRequest&) { return json_response(render_trial_balance(lines)); });
}

}  // namespace dompet::http::routes
