#include "notices/sender.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "config/logging.hpp"
#include "notices/mail_spool.hpp"
#include "outbound/mail_message.hpp"
#include "persistence/mail_store.hpp"
#include "persistence/session.hpp"

namespace dompet {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds measure_every{5};
constexpr std::chrono::minutes sweep_every{60};
constexpr milliseconds claim_of_spool{10'000};
/// How long a server that does not answer is left alone at most: whoever mends it waits no longer for the first mail.
constexpr milliseconds longest_silence{30'000};

void rest(const std::stop_token& stop, milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, time, [&] { return stop.stop_requested(); });
}

SessionSettings session_settings(const MailDatabase& database) {
  return {.database = database.url,
          .application_name = database.application_name,
          .connect_timeout_s = database.connect_timeout_s,
          .statement_timeout_ms = database.statement_timeout_ms,
          .lock_timeout_ms = database.lock_timeout_ms,
          .read_only = false};
}

/// first, twice that, four times that, …
milliseconds pause_after(int failures, milliseconds first, milliseconds longest) {
  constexpr int most_doublings = 20;
  return std::min<milliseconds>(first * (1LL << std::min(failures - 1, most_doublings)), longest);
}

}  // namespace

class MailSender::Work {
 public:
  Work(MailSettings settings, const MailDatabase& database)
      : settings_(std::move(settings)), session_(session_settings(database)), store_(session_), spool_(settings_.spool),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  MailCounters counters() const { return {sent_, failed_, put_off_, waiting_, oldest_age_s_}; }

 private:
  void run(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "mail");
    if (!settings_.smtp.url.empty())
      client_.emplace(settings_.smtp);
    while (!stop.stop_requested()) {
      try {
        look_after();
        if (!deliver_next(stop))
          rest(stop, settings_.poll);
      } catch (const std::exception& fault) {
        complain(fault.what());
        rest(stop, settings_.first_pause);
      }
    }
  }

  /// Longer than a delivery can take.
  milliseconds claim() const { return client_ ? 2 * settings_.smtp.timeout : claim_of_spool; }

  /// False when there was none.
  bool deliver_next(const std::stop_token& stop) {
    const auto mail = store_.claim(claim().count(), settings_.give_up_days);
    if (!mail)
      return false;
    const SmtpAnswer answer = deliver(*mail, stop);
    if (answer.outcome == SmtpOutcome::taken) {
      store_.sent(mail->id);
      ++sent_;
      silent_ = 0;
      complain("");
    } else {
      note_failure(*mail, answer, stop);
    }
    return true;
  }

  SmtpAnswer deliver(const ClaimedMail& mail, const std::stop_token& stop) {
    const std::string domain = settings_.sender_address.substr(settings_.sender_address.rfind('@') + 1);
    const std::string message = compose({.id = to_string(mail.id) + '@' + domain,
                                         .sender_name = settings_.sender_name,
                                         .sender_address = settings_.sender_address,
                                         .recipient = mail.recipient,
                                         .subject = mail.subject,
                                         .text = mail.text,
                                         .html = mail.html,
                                         .at_ms = mail.created_at_ms});
    if (client_)
      return client_->send(settings_.sender_address, mail.recipient, message, stop);
    try {
      spool_.put(to_string(mail.id), message);
      return {SmtpOutcome::taken, ""};
    } catch (const std::runtime_error& fault) {
      return {SmtpOutcome::unreachable, fault.what()};
    }
  }

  void note_failure(const ClaimedMail& mail, const SmtpAnswer& answer, const std::stop_token& stop) {
    if (stop.stop_requested())
      return store_.put_off(mail.id, "the sender was stopped", 0);
    if (answer.outcome == SmtpOutcome::refused || mail.is_last_attempt) {
      store_.give_up(mail.id, answer.words);
      ++failed_;
      log_event(LogLevel::warning, "a mail is given up", {{"mail", to_string(mail.id)}, {"reason", answer.words}});
      return;
    }
    ++put_off_;
    store_.put_off(mail.id, answer.words,
                   pause_after(mail.attempts, settings_.first_pause, settings_.longest_pause).count());
    if (answer.outcome != SmtpOutcome::unreachable) {
      silent_ = 0;
      return;
    }
    complain(answer.words);
    rest(stop, pause_after(++silent_, settings_.first_pause, std::min(settings_.longest_pause, longest_silence)));
  }

  /// Once for each new fault, and once when it is over.
  void complain(const std::string& fault) {
    if (fault == last_fault_)
      return;
    if (fault.empty())
      log_event(LogLevel::info, "mails go out again", {});
    else
      log_event(LogLevel::warning, "mails do not go out", {{"reason", fault}});
    last_fault_ = fault;
  }

  void look_after() {
    const auto now = steady_clock::now();
    if (now >= next_measure_) {
      next_measure_ = now + measure_every;
      const MailsWaiting waiting = store_.waiting();
      waiting_ = waiting.count;
      oldest_age_s_ = waiting.oldest_age_s;
    }
    if (now < next_sweep_)
      return;
    if (!store_.sweep(settings_.keep_days))
      next_sweep_ = now + sweep_every;
    spool_.sweep(settings_.keep_days);
  }

  MailSettings settings_;
  SqlSession session_;
  MailStore store_;
  MailSpool spool_;
  std::optional<SmtpClient> client_{};
  std::string last_fault_{};
  /// How often in a row the server did not answer.
  int silent_ = 0;
  steady_clock::time_point next_measure_{};
  steady_clock::time_point next_sweep_{};

  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> put_off_ = 0;
  std::atomic<std::int64_t> waiting_ = 0;
  std::atomic<std::int64_t> oldest_age_s_ = 0;
  /// The last one, so that it ends before what it uses.
  std::jthread thread_;
};

MailSender::MailSender(MailSettings settings, const MailDatabase& database)
    : work_(std::make_unique<Work>(std::move(settings), database)) {}

MailSender::~MailSender() = default;

MailCounters MailSender::counters() const { return work_->counters(); }

}  // namespace dompet
