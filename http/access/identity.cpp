#include "http/access/identity.hpp"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "config/logging.hpp"
#include "persistence/access_feed.hpp"
#include "persistence/passwords.hpp"
#include "persistence/reader.hpp"

namespace dompet::http {

namespace {

using std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;
using Roles = std::map<std::string, std::vector<std::string>>;

/// The feed is the fast way; this is how long a change can stay unknown if a notification were lost.
constexpr Milliseconds look_every{1'000};
constexpr Milliseconds pause_after_fault{500};
constexpr std::chrono::minutes sweep_every{60};
/// Transactions that were open at the last look have an earlier time than those that it saw.
constexpr std::int64_t overlap_ms = 30'000;
/// A key is replaced so long before it retires, so that no node is ever without one.
constexpr std::int64_t replace_before_ms = 3'600'000;

std::shared_ptr<const std::map<std::string, PermissionSet>> sets_of(const Roles& roles) {
  auto sets = std::make_shared<std::map<std::string, PermissionSet>>();
  for (const auto& [role, names] : roles)
    for (const std::string& name : names)
      // A permission of a newer version means nothing here.
      (*sets)[role].add(name);
  return sets;
}

}  // namespace

class Identity::Parts {
 public:
  Parts(const IdentitySettings& settings, Vault& vault, IdentityDatabase database)
      : settings_(settings), vault_(vault), passwords_(settings.hash_queue), reader_(database.reader()),
        feed_(std::move(database.url), std::move(database.application_name)) {
    // The first comparison with it would take longer than the others.
    passwords_.run([] { nobodys_password_hash(); });
    auto roles = read_roles();
    first_ = look();
    ensure_key(first_.news.now_ms);
    first_.keys = read_keys();
    first_.roles = std::move(roles);
  }

  ~Parts() { stop(); }

  void start(std::function<void(AccessUpdate)> tell) {
    tell_ = std::move(tell);
    thread_ = std::thread([this] { serve(); });
  }

  void stop() {
    stopping_ = true;
    if (thread_.joinable())
      thread_.join();
  }

  AccessUpdate first_{};
  const IdentitySettings& settings_;
  Vault& vault_;
  PasswordPool passwords_;

 private:
  void serve() {
    pthread_setname_np(pthread_self(), "identity");
    bool is_well = true;
    while (!stopping_) {
      try {
        // Short, because a stop waits for it.
        AccessFeed::Heard heard = feed_.wait(std::min(look_every, Milliseconds(100)));
        if (heard.is_new || !heard.said.empty() || steady_clock::now() >= next_look_)
          go_around(std::move(heard));
        if (!std::exchange(is_well, true))
          log_event(LogLevel::info, "the database of users answers again", {});
      } catch (const std::exception& fault) {
        if (std::exchange(is_well, false))
          log_event(LogLevel::warning, "the database of users does not answer", {{"reason", fault.what()}});
        std::this_thread::sleep_for(pause_after_fault);
      }
    }
  }

  void go_around(AccessFeed::Heard heard) {
    next_look_ = steady_clock::now() + look_every;
    // Before the news, so that no role is known without the news of whom it was taken from.
    Roles roles = AccessStore(*reader_).roles();
    AccessUpdate update = look();
    update.said = std::move(heard.said);
    update.is_new = heard.is_new;
    const bool key_is_new = ensure_key(update.news.now_ms);
    if (key_is_new || has_other_keys())
      update.keys = read_keys();
    if (roles != roles_) {
      roles_ = std::move(roles);
      update.roles = sets_of(roles_);
    }
    tell_(std::move(update));
    if (steady_clock::now() >= next_sweep_) {
      next_sweep_ = steady_clock::now() + sweep_every;
      AccessStore(*reader_).sweep();
    }
  }

  AccessUpdate look() {
    const std::int64_t life_ms = std::chrono::milliseconds(settings_.access_token).count();
    AccessStore store(*reader_);
    if (last_look_ms_ == 0)
      last_look_ms_ = store.now_ms() - life_ms;
    AccessUpdate update{.news = store.news(last_look_ms_ - overlap_ms)};
    last_look_ms_ = update.news.now_ms;
    return update;
  }

  /// True when this node made one.
  bool ensure_key(std::int64_t now_ms) {
    constexpr std::int64_t day_ms = 86'400'000;
    if (newest_retires_ms_ > now_ms + replace_before_ms)
      return false;
    const auto known = AccessStore(*reader_).signing_keys();
    for (const StoredSigningKey& key : known)
      newest_retires_ms_ = std::max(newest_retires_ms_, key.retires_at_ms);
    if (newest_retires_ms_ > now_ms + replace_before_ms)
      return true;
    const std::int64_t keep_ms = std::chrono::milliseconds(settings_.access_token).count() + replace_before_ms;
    const auto key = make_signing_key(vault_, now_ms, settings_.key_rotation_days * day_ms, keep_ms);
    if (AccessStore(*reader_).add_signing_key(key, now_ms + replace_before_ms))
      log_event(LogLevel::info, "made a signing key", {{"key", key.id}});
    return true;
  }

  bool has_other_keys() {
    const auto now = AccessStore(*reader_).signing_keys();
    return now.size() != key_count_ || (!now.empty() && now.back().id != newest_key_);
  }

  std::shared_ptr<const KeySet> read_keys() {
    const auto stored = AccessStore(*reader_).signing_keys();
    key_count_ = stored.size();
    newest_key_ = stored.empty() ? std::string{} : stored.back().id;
    for (const StoredSigningKey& key : stored)
      newest_retires_ms_ = std::max(newest_retires_ms_, key.retires_at_ms);
    return KeySet::make(stored, vault_, settings_.issuer);
  }

  std::shared_ptr<const std::map<std::string, PermissionSet>> read_roles() {
    roles_ = AccessStore(*reader_).roles();
    return sets_of(roles_);
  }

  // The identity thread's own, once it runs.
  std::unique_ptr<Reader> reader_;
  AccessFeed feed_;
  std::function<void(AccessUpdate)> tell_{};
  std::int64_t last_look_ms_ = 0;
  std::int64_t newest_retires_ms_ = 0;
  std::size_t key_count_ = 0;
  std::string newest_key_{};
  Roles roles_{};
  steady_clock::time_point next_look_{};
  steady_clock::time_point next_sweep_{};

  std::atomic<bool> stopping_ = false;
  std::thread thread_{};
};

Identity::Identity(const IdentitySettings& settings, Vault& vault, IdentityDatabase database)
    : parts_(std::make_unique<Parts>(settings, vault, std::move(database))) {}

Identity::~Identity() = default;

void Identity::start(std::function<void(AccessUpdate)> tell) { parts_->start(std::move(tell)); }
void Identity::stop() { parts_->stop(); }
AccessUpdate Identity::first_news() const { return parts_->first_; }
const IdentitySettings& Identity::settings() const { return parts_->settings_; }
Vault& Identity::vault() { return parts_->vault_; }
PasswordPool& Identity::passwords() { return parts_->passwords_; }

}  // namespace dompet::http
