#include "exchange/rate_watch.hpp"

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "config/logging.hpp"
#include "outbound/http_client.hpp"
#include "persistence/access_feed.hpp"
#include "persistence/fx_store.hpp"
#include "persistence/reader.hpp"

namespace dompet {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// The feed is the fast way; this is how long a change can stay unknown if a notification were lost.
constexpr milliseconds look_every{1'000};
/// Short, because a stop waits for it.
constexpr milliseconds listen_for{100};
constexpr milliseconds pause_after_fault{500};
constexpr std::chrono::hours sweep_every{1};
constexpr std::chrono::seconds first_back_off{1};
/// A document names at most 500 pairs.
constexpr std::size_t most_document_bytes = 256 * 1024;

void rest(const std::stop_token& stop, milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, time, [&] { return stop.stop_requested(); });
}

}  // namespace

/// Says a fault once, and that it is over.
class RateWatch::Complaint {
 public:
  explicit Complaint(const char* about) : about_(about) {}
  void raise(const std::string& fault) {
    if (fault != std::exchange(last_, fault))
      log_event(LogLevel::warning, about_, {{"reason", fault}});
  }
  void settle() {
    if (!std::exchange(last_, {}).empty())
      log_event(LogLevel::info, "rates of exchange come again", {{"after", about_}});
  }

 private:
  const char* about_;
  std::string last_{};
};

namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof())
    throw std::runtime_error(path.string() + " cannot be read");
  if (text.size() > most_document_bytes)
    throw std::runtime_error(path.string() + " has more than 256 kB");
  return text;
}

std::string fetched(HttpClient& client, const std::string& url) {
  const auto answer =
      client.call({.method = "GET", .url = url, .headers = {{"Accept", "application/json"}}, .body = {}});
  if (!answer)
    throw std::runtime_error(answer.error());
  if (answer->status != 200)
    throw std::runtime_error("the provider answered " + std::to_string(answer->status));
  return answer->body;
}

}  // namespace

RateWatch::RateWatch(const ExchangeSettings& settings, RateSources sources, RateBoard& board)
    : settings_(settings), sources_(std::move(sources)), board_(board) {
  const std::unique_ptr<Reader> reader = sources_.reader();
  board_.replace(RateTable(FxStore(*reader).newest()));
  threads_.emplace_back([this](const std::stop_token& stop) { watch(stop); });
  if (!settings_.rates_url.empty())
    threads_.emplace_back([this](const std::stop_token& stop) { fetch(stop); });
}

void RateWatch::watch(const std::stop_token& stop) {
  const std::unique_ptr<Reader> reader = sources_.reader();
  FxStore store(*reader);
  AccessFeed feed(sources_.database, sources_.application_name, "dompet_fx");
  Complaint complaint("rates of exchange are not up to date");
  Complaint file_complaint("the file of rates is not right");
  for (auto next_look = steady_clock::now(); !stop.stop_requested();) {
    try {
      if (steady_clock::now() >= next_look) {
        next_look = steady_clock::now() + look_every;
        look(store);
        look_at_file(store, file_complaint);
      }
      const AccessFeed::Heard heard = feed.wait(listen_for);
      if (heard.is_new || !heard.said.empty())
        next_look = steady_clock::now();
      complaint.settle();
    } catch (const std::exception& fault) {
      complaint.raise(fault.what());
      rest(stop, pause_after_fault);
    }
  }
}

void RateWatch::look(FxStore& store) {
  const std::uint64_t number = store.last_number();
  if (!std::exchange(has_looked_, true) || number != known_number_) {
    board_.replace(RateTable(store.newest()));
    known_number_ = number;
  }
  if (steady_clock::now() >= next_sweep_) {
    next_sweep_ = steady_clock::now() + sweep_every;
    store.sweep();
  }
}

/// While the file is not right, what it said before holds; the database's own trouble is not the file's.
void RateWatch::look_at_file(FxStore& store, Complaint& complaint) {
  if (settings_.rates_file.empty())
    return;
  try {
    const auto time = std::filesystem::last_write_time(settings_.rates_file);
    if (time == file_time_)
      return;
    take(store, text_of(settings_.rates_file), "file", settings_.rates_file.string());
    file_time_ = time;
    complaint.settle();
  } catch (const std::exception& fault) {
    complaint.raise(fault.what());
  }
}

void RateWatch::take(FxStore& store, std::string_view document, std::string_view source, const std::string& who) const {
  auto rows = sources_.read(document);
  if (!rows)
    throw std::runtime_error(who + ": " + rows.error());
  for (RateRow& row : *rows)
    row.source = source;
  store.add(*rows, who);
}

/// The address is the operator's own choice, so it may be in a private network.
void RateWatch::fetch(const std::stop_token& stop) {
  HttpClient client(
      {.most_answer_bytes = most_document_bytes, .allow_private_addresses = true, .allow_plain_http = true});
  const std::unique_ptr<Reader> reader = sources_.reader();
  FxStore store(*reader);
  Complaint complaint("the provider of rates does not give any");
  milliseconds pause = first_back_off;
  while (!stop.stop_requested()) {
    try {
      take(store, fetched(client, settings_.rates_url), "provider", settings_.rates_url);
      complaint.settle();
      pause = first_back_off;
      rest(stop, settings_.fetch_interval);
    } catch (const std::exception& fault) {
      complaint.raise(fault.what());
      rest(stop, pause);
      pause = std::min<milliseconds>(pause * 2, settings_.fetch_interval);
    }
  }
}

}  // namespace dompet
