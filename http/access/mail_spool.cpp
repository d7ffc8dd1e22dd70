#include "http/access/mail_spool.hpp"

#include <sys/stat.h>

#include <fstream>
#include <stdexcept>
#include <string>

#include "http/timestamp.hpp"
#include "persistence/access_store.hpp"

namespace dompet::http {

namespace {

/// A line of the head cannot begin another one.
std::string one_line(std::string text) {
  for (char& letter : text)
    if (static_cast<unsigned char>(letter) < 0x20)
      letter = ' ';
  return text;
}

}  // namespace

void MailSpool::put(const WaitingMail& mail) {
  std::error_code fault;
  if (std::filesystem::create_directories(directory_, fault))
    ::chmod(directory_.c_str(), S_IRWXU);
  const std::filesystem::path file = directory_ / (to_string(mail.id) + ".eml");
  const std::filesystem::path fresh = file.string() + ".new";
  std::ofstream out(fresh);
  ::chmod(fresh.c_str(), S_IRUSR | S_IWUSR);
  out << "From: Dompet <no-reply@dompet.invalid>\nTo: " << one_line(mail.recipient)
      << "\nSubject: " << one_line(mail.subject) << "\nDate: " << format_http_date(mail.created_at_ms)
      << "\nMessage-ID: <" << to_string(mail.id)
      << "@dompet.invalid>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"
      << mail.body << '\n';
  out.close();
  if (!out)
    throw std::runtime_error("the mail spool " + directory_.string() + " cannot be written to");
  std::filesystem::rename(fresh, file);
}

}  // namespace dompet::http
