#include "http/admission.hpp"

#include "domain/ensure.hpp"

namespace dompet::http {

std::string_view code(Shed shed) {
  switch (shed) {
    case Shed::not_ready: return "not_ready";
    case Shed::overloaded: return "overloaded";
    case Shed::too_many_requests: return "too_many_requests";
  }
  throw Bug("a request is shed for a known reason");
}

Admission::Admission(const Settings& settings, const Engine& engine, const Ask& ask)
    : settings_(settings), engine_(engine), ask_(ask) {}

std::optional<Shed> Admission::enter(Load load, const std::string& client) {
  if (load == Load::none)
    return std::nullopt;
  if (load == Load::write) {
    const Pressure pressure = engine_.pressure();
    if (!pressure.ready)
      return Shed::not_ready;
    const std::size_t most_questions = settings_.max_in_flight + settings_.max_bulk_items_in_flight;
    if (pressure.least_waiting_rows >= settings_.lane_queue_rows || pressure.least_age > settings_.lane_age_limit ||
        ask_.open_questions() >= most_questions)
      return Shed::overloaded;
  }
  if (in_flight_ >= settings_.max_in_flight)
    return Shed::overloaded;
  std::size_t& of_client = per_client_[client];
  if (of_client >= settings_.max_in_flight_per_client)
    return Shed::too_many_requests;
  ++of_client;
  ++in_flight_;
  return std::nullopt;
}

void Admission::leave(const std::string& client) {
  const auto found = per_client_.find(client);
  ensure(found != per_client_.end() && in_flight_ > 0, "only who came in can leave");
  --in_flight_;
  if (--found->second == 0 && per_client_.size() > 1)
    per_client_.erase(found);
}

bool Admission::enter_items(std::size_t items) {
  if (items_ > 0 && items_ + items > settings_.max_bulk_items_in_flight)
    return false;
  items_ += items;
  return true;
}

void Admission::leave_items(std::size_t items) {
  ensure(items_ >= items, "only items that came in can leave");
  items_ -= items;
}

}  // namespace dompet::http
