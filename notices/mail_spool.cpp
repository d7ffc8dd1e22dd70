#include "notices/mail_spool.hpp"

#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <stdexcept>

namespace dompet {

void MailSpool::put(const std::string& name, const std::string& message) {
  std::error_code fault;
  if (std::filesystem::create_directories(directory_, fault))
    ::chmod(directory_.c_str(), S_IRWXU);
  const std::filesystem::path file = directory_ / (name + ".eml");
  const std::filesystem::path fresh = file.string() + ".new";
  std::ofstream out(fresh, std::ios::binary);
  ::chmod(fresh.c_str(), S_IRUSR | S_IWUSR);
  out << message;
  out.close();
  if (!out)
    throw std::runtime_error("the mail spool " + directory_.string() + " cannot be written to");
  std::filesystem::rename(fresh, file);
}

void MailSpool::sweep(int keep_days) {
  const auto oldest = std::filesystem::file_time_type::clock::now() - std::chrono::days(keep_days);
  std::error_code fault;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, fault)) {
    const auto written = entry.last_write_time(fault);
    if (!fault && entry.path().extension() == ".eml" && written < oldest)
      std::filesystem::remove(entry.path(), fault);
  }
}

}  // namespace dompet
