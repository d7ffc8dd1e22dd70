#pragma once

#include <functional>
#include <string>
#include <vector>

namespace dompet::testing {

/// A URL whose sessions tell the plan of every statement that they run, with the rows that each step really had
/// (PostgreSQL's auto_explain, from now on in every session of the superuser in this database). Empty when this server
/// does not let us.
std::string url_with_plans();

/// Runs `work` on sessions of `url_with_plans` and returns the plans that they told, a line each step.
std::vector<std::string> plans_of(const std::function<void()>& work);

/// The first step that a list over millions of rows cannot afford: all of one of these tables is read, or more than
/// `most_rows` rows are sorted at once, or read and thrown away. Empty when there is none.
std::string first_expensive_step(const std::vector<std::string>& plans, const std::vector<std::string>& tables,
                                 long most_rows);

}  // namespace dompet::testing
