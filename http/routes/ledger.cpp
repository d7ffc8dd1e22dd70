#include "http/answers.hpp"
#include "http/query.hpp"
#include "http/render.hpp"
#include "http/routes.hpp"

namespace dompet::http::routes {

void read_trial_balance(Services& services, const ExchangePtr& exchange) {
  const QueryParameters parameters(exchange->request.query, {});
  if (const auto problem = parameters.problem())
    return refuse(exchange, *problem);
  answer_by_query(services, exchange, [](Reader& reader, const HttpRequest&) {
    return json_response(render_trial_balance(reader.trial_balance()));
  });
}

}  // namespace dompet::http::routes
