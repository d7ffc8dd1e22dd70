#include "outbound/smtp_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>

#include "outbound/curl_library.hpp"
#include "outbound/mail_encoding.hpp"

namespace dompet {

namespace {

constexpr std::size_t longest_words = 500;

/// What was being said when it ended.
enum class Phase { greeting, login, sender, recipient, message };

/// One delivery; its address is what curl hands to the functions below.
struct Delivery {
  const std::string& message;
  const std::stop_token& stop;
  std::size_t sent = 0;
  Phase phase = Phase::greeting;
  /// Good-bye was said; what the server answers to that is of no interest.
  bool is_over = false;
  std::string last_line{};
};

std::size_t give_message(char* room, std::size_t, std::size_t size, void* context) {
  Delivery& delivery = *static_cast<Delivery*>(context);
  const std::size_t count = std::min(size, delivery.message.size() - delivery.sent);
  std::memcpy(room, delivery.message.data() + delivery.sent, count);
  delivery.sent += count;
  return count;
}

int look_whether_to_stop(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Delivery*>(context)->stop.stop_requested() ? 1 : 0;
}

/// What somebody else said, fit to be stored and shown: a line of printable ASCII.
std::string words_of(std::string_view text) {
  std::string words{text.substr(0, std::min(text.find_first_of("\r\n"), longest_words))};
  std::ranges::replace_if(words, [](char letter) { return letter < ' ' || letter > '~'; }, '?');
  return words;
}

void note_command(Delivery& delivery, std::string_view command) {
  constexpr std::pair<std::string_view, Phase> commands[]{
      {"AUTH", Phase::login}, {"MAIL FROM", Phase::sender}, {"RCPT TO", Phase::recipient}, {"DATA", Phase::message}};
  delivery.is_over = command.starts_with("QUIT");
  for (const auto& [beginning, phase] : commands)
    if (command.starts_with(beginning))
      delivery.phase = phase;
}

/// Sees the conversation. Commands are looked at for the phase alone: one of them is the password.
int listen(CURL*, curl_infotype kind, char* bytes, std::size_t size, void* context) {
  Delivery& delivery = *static_cast<Delivery*>(context);
  if (kind == CURLINFO_HEADER_OUT)
    note_command(delivery, {bytes, size});
  else if (kind == CURLINFO_HEADER_IN && !delivery.is_over)
    delivery.last_line = words_of({bytes, size});
  return 0;
}

long encryption_of(const SmtpSettings& settings) {
  switch (settings.encryption) {
    case SmtpEncryption::required: return CURLUSESSL_ALL;
    case SmtpEncryption::optional: return CURLUSESSL_TRY;
    case SmtpEncryption::none: break;
  }
  return CURLUSESSL_NONE;
}

void set_server(CURL* curl, const SmtpSettings& settings) {
  curl_easy_setopt(curl, CURLOPT_URL, settings.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_USE_SSL, encryption_of(settings));
  if (!settings.ca_file.empty())
    curl_easy_setopt(curl, CURLOPT_CAINFO, settings.ca_file.c_str());
  if (!settings.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, settings.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, settings.password.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(settings.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
}

void set_delivery(CURL* curl, Delivery& delivery) {
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, &give_message);
  curl_easy_setopt(curl, CURLOPT_READDATA, &delivery);
  curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(delivery.message.size()));
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &look_whether_to_stop);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &delivery);
  curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
  curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, &listen);
  curl_easy_setopt(curl, CURLOPT_DEBUGDATA, &delivery);
}

/// A login that is wanted or not believed says nothing about the mail.
bool is_about_login(long code) { return code == 530 || code == 534 || code == 535 || code == 538; }

SmtpAnswer answer_of(CURL* curl, CURLcode code, const Delivery& delivery, const char* detail) {
  if (code == CURLE_OK)
    return {SmtpOutcome::taken, delivery.last_line};
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  const bool was_answered = status >= 400 && code != CURLE_OPERATION_TIMEDOUT && code != CURLE_ABORTED_BY_CALLBACK;
  if (!was_answered)
    return {SmtpOutcome::unreachable, words_of(*detail != '\0' ? detail : curl_easy_strerror(code))};
  const bool is_of_mail = delivery.phase == Phase::recipient || delivery.phase == Phase::message;
  const bool is_for_good = status >= 500 && is_of_mail && !is_about_login(status);
  return {is_for_good ? SmtpOutcome::refused : SmtpOutcome::not_now, delivery.last_line};
}

struct Recipients {
  curl_slist* list;
  explicit Recipients(const std::string& recipient) : list(curl_slist_append(nullptr, recipient.c_str())) {
    if (list == nullptr)
      throw std::bad_alloc();
  }
  ~Recipients() { curl_slist_free_all(list); }
};

}  // namespace

SmtpClient::SmtpClient(SmtpSettings settings) : settings_(std::move(settings)) {
  begin_curl();
  curl_ = curl_easy_init();
  if (curl_ == nullptr)
    throw std::bad_alloc();
}

SmtpClient::~SmtpClient() { curl_easy_cleanup(curl_); }

SmtpAnswer SmtpClient::send(const std::string& sender, const std::string& recipient, const std::string& message,
                            const std::stop_token& stop) {
  if (!is_mail_address(recipient))
    return {SmtpOutcome::refused, "the recipient is no mail address"};
  if (!is_mail_address(sender))
    return {SmtpOutcome::not_now, "the sender is no mail address"};
  Delivery delivery{.message = message, .stop = stop};
  const Recipients recipients("<" + recipient + ">");
  char detail[CURL_ERROR_SIZE]{};
  curl_easy_reset(curl_);
  set_server(curl_, settings_);
  set_delivery(curl_, delivery);
  const std::string from = "<" + sender + ">";
  curl_easy_setopt(curl_, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(curl_, CURLOPT_MAIL_RCPT, recipients.list);
  curl_easy_setopt(curl_, CURLOPT_ERRORBUFFER, detail);
  return answer_of(curl_, curl_easy_perform(curl_), delivery, detail);
}

}  // namespace dompet
