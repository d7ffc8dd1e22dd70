#include "config/var_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

namespace dompet {

namespace {

std::string reason() { return std::strerror(errno); }

/// Who is there, as far as the pid file tells.
std::string holder(const std::filesystem::path& pid_file) {
  std::string pid;
  std::ifstream(pid_file) >> pid;
  return pid.empty() ? "another process" : "process " + pid;
}

void make_directory(const std::filesystem::path& directory) {
  std::error_code fault;
  std::filesystem::create_directories(directory, fault);
  if (fault)
    throw VarDirectoryTaken("The directory " + directory.string() + " cannot be made: " + fault.message() + '.');
}

/// Written beside and renamed, so that nobody ever reads half a line.
void write_line(const std::filesystem::path& file, const std::string& line) {
  const std::filesystem::path fresh = file.string() + ".new";
  std::ofstream out(fresh, std::ios::trunc);
  out << line << '\n';
  out.close();
  if (!out || std::rename(fresh.c_str(), file.c_str()) != 0)
    throw VarDirectoryTaken("The file " + file.string() + " cannot be written: " + reason() + '.');
}

}  // namespace

VarDirectory::VarDirectory(const std::filesystem::path& directory)
    : pid_file_(directory / "dompetd.pid"), start_file_(directory / "dompetd.start") {
  make_directory(directory);
  const std::filesystem::path lock_file = directory / "dompetd.lock";
  lock_ = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0)
    throw VarDirectoryTaken("The lock " + lock_file.string() + " cannot be opened: " + reason() + '.');
  try {
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0)
      throw VarDirectoryTaken("The directory " + directory.string() + " is in use by " + holder(pid_file_) +
                              "; stop it first, or set DOMPET_VAR to another directory.");
    write_line(pid_file_, std::to_string(::getpid()));
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

std::string VarDirectory::note_start(const std::string& name) {
  std::string before;
  std::ifstream(start_file_) >> before;
  write_line(start_file_, name);
  return before;
}

VarDirectory::~VarDirectory() {
  std::error_code ignored;
  std::filesystem::remove(pid_file_, ignored);
  ::close(lock_);
}

}  // namespace dompet
