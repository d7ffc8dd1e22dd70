#pragma once

#include <string>
#include <utility>

#include "cli/load/request_template.hpp"
#include "cli/load/workload.hpp"

namespace dompet::cli {

/// The same user logs in again and again: `POST /v1/auth/login`. What it costs the server is a password's hash.
class Logins : public Workload {
 public:
  /// `body` is the JSON of a login that succeeds.
  Logins(const RequestTemplate::Common& common, std::string_view body)
      : template_(common, "POST", "/v1/auth/login", {}, body) {}

  bool next(Shot& shot) override {
    shot.bytes.assign(template_.text());
    return true;
  }

  void answered(const Shot&, const Response& response, Verdicts& verdicts) override {
    ++verdicts[verdict_of(response.status)];
  }

 private:
  RequestTemplate template_;
};

}  // namespace dompet::cli
