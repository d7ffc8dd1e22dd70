#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "cli/command.hpp"
#include "cli/saga_bulk.hpp"
#include "cli/saga_filter.hpp"
#include "cli/saga_views.hpp"
#include "cli/service.hpp"

namespace dompet::cli {

namespace {

using Json = nlohmann::json;

std::string saga_path(const std::string& id, const char* part = "") {
  return "/v1/sagas/" + percent_encoded(id) + part;
}

void add_list(CLI::App& sagas) {
  struct Options {
    ServiceOptions service;
    SagaFilter filter;
    std::string sort = "-created";
    int limit = 50;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = sagas.add_subcommand("list", "Transfers that match, one a line");
  add_service_options(*command, options->service, true);
  add_saga_filter(*command, options->filter);
  command->add_option("--sort", options->sort, "-created, created, age, -attempts, -amount")->capture_default_str();
  command->add_option("--limit", options->limit, "Lines at most")->check(CLI::Range(1, 10'000))->capture_default_str();
  command->callback([options] {
    show(options->service, [&] {
      const Json rows = list_sagas(options->service, options->filter, options->sort, options->limit);
      if (options->service.json)
        std::printf("%s\n", rows.dump().c_str());
      else
        print_sagas(rows);
    });
  });
}

/// A command that reads one route of one transfer.
void add_view(CLI::App& sagas, const char* name, const char* help, const char* part, void (*print)(const Json&)) {
  struct Options {
    ServiceOptions service;
    std::string id;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = sagas.add_subcommand(name, help);
  command->add_option("id", options->id, "The transfer")->required();
  add_service_options(*command, options->service, true);
  command->callback([options, part, print] {
    show(options->service, [&] {
      const Json answer = ask(options->service, "GET", saga_path(options->id, part));
      if (options->service.json)
        std::printf("%s\n", answer.dump().c_str());
      else
        print(answer);
    });
  });
}

std::string caller() {
  const char* user = std::getenv("USER");
  return user == nullptr || *user == '\0' ? "operator" : user;
}

void add_order(CLI::App& sagas, const char* name, const char* help) {
  struct Options {
    ServiceOptions service;
    std::string id;
    std::string reason;
    std::string who = caller();
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = sagas.add_subcommand(name, help);
  command->add_option("id", options->id, "The transfer")->required();
  command->add_option("--reason", options->reason, "Why; for the audit")->required();
  command->add_option("--who", options->who, "On whose behalf")->capture_default_str();
  add_service_options(*command, options->service, false);
  command->callback([options, name] {
    const Json body{{"reason", options->reason}, {"who", options->who}};
    const Json answer =
        ask(options->service, "POST", saga_path(options->id, (std::string{"/"} + name).c_str()), body.dump());
    if (options->service.json)
      std::printf("%s\n", answer.dump().c_str());
    else
      std::printf("%s: %s\n", name, answer.value("sentence", std::string{"accepted"}).c_str());
  });
}

void add_note(CLI::App& sagas) {
  struct Options {
    ServiceOptions service;
    std::string id;
    std::string text;
    std::string who = caller();
    std::optional<std::string> label;
    std::optional<std::string> assignee;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      sagas.add_subcommand("note", "Write a note to a transfer, or label it; without a text, read them");
  command->add_option("id", options->id, "The transfer")->required();
  command->add_option("text", options->text, "The note");
  command->add_option("--label", options->label, "Empty takes it away");
  command->add_option("--assignee", options->assignee, "Empty takes it away");
  command->add_option("--who", options->who, "On whose behalf")->capture_default_str();
  add_service_options(*command, options->service, false);
  command->callback([options] {
    if (options->text.empty() && (options->label || options->assignee))
      throw CLI::ValidationError("text", "a label or an assignee comes with a note that says why");
    const std::string path = saga_path(options->id, "/notes");
    if (!options->text.empty()) {
      Json body{{"text", options->text}, {"who", options->who}};
      if (options->label)
        body["label"] = *options->label;
      if (options->assignee)
        body["assignee"] = *options->assignee;
      ask(options->service, "POST", path, body.dump());
    }
    const Json notes = ask(options->service, "GET", path);
    if (options->service.json)
      std::printf("%s\n", notes.dump().c_str());
    else
      print_notes(notes);
  });
}

void add_export(CLI::App& sagas) {
  struct Options {
    ServiceOptions service;
    SagaFilter filter;
    std::string id;
    std::string format = "ndjson";
    std::string file = "-";
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = sagas.add_subcommand("export", "The list as a file, or all about one transfer for a replay");
  command->add_option("id", options->id, "One transfer; without it, the list");
  command->add_option("--format", options->format, "ndjson or csv, of the list")
      ->check(CLI::IsMember({"ndjson", "csv"}))
      ->capture_default_str();
  command->add_option("-o,--output", options->file, "The file; - for standard output")->capture_default_str();
  add_service_options(*command, options->service, false);
  add_saga_filter(*command, options->filter);
  command->callback([options] {
    const std::string path = !options->id.empty()
                                 ? saga_path(options->id, "/export")
                                 : "/v1/sagas/export?format=" + options->format +
                                       (options->filter.empty() ? "" : "&" + query_of(options->filter));
    const std::string text = ask_text(options->service, "GET", path);
    if (options->file == "-") {
      std::fwrite(text.data(), 1, text.size(), stdout);
      return;
    }
    std::ofstream file(options->file, std::ios::binary);
    file << text;
    file.close();
    if (!file)
      throw std::runtime_error("Cannot write " + options->file + ". Name a file that can be written with --output.");
  });
}

void add_counts(CLI::App& sagas) {
  const auto options = std::make_shared<ServiceOptions>();
  CLI::App* command = sagas.add_subcommand("counts", "Transfers by state, age and cause");
  add_service_options(*command, *options, true);
  command->callback([options] {
    show(*options, [&] {
      const Json counts = ask(*options, "GET", "/v1/sagas/counts");
      if (options->json)
        std::printf("%s\n", counts.dump().c_str());
      else
        print_counts(counts);
    });
  });
}

}  // namespace

void add_saga(CLI::App& app) {
  CLI::App* sagas = app.add_subcommand("saga", "Inspects transfers and asks their owners to act");
  sagas->require_subcommand(1);
  add_list(*sagas);
  add_view(*sagas, "show", "One transfer and why it is where it is", "", print_saga);
  add_view(*sagas, "timeline", "All that happened to it, with both wallets' balances", "/timeline", print_timeline);
  add_view(*sagas, "why", "Why it is where it is, in one sentence, with the evidence", "", print_reason);
  add_view(*sagas, "proof", "May its money be given back?", "/proof", print_proof);
  add_order(*sagas, "retry", "Send its message again at once");
  add_order(*sagas, "cancel", "Ask for its cancellation; the destination has the last word");
  add_order(*sagas, "pause", "Send nothing more until it is resumed");
  add_order(*sagas, "resume", "Go on");
  add_note(*sagas);
  add_saga_bulk(*sagas);
  add_export(*sagas);
  add_counts(*sagas);
}

}  // namespace dompet::cli
