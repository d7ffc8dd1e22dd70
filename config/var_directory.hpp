#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

namespace dompet {

/// The directory cannot be used, or another server uses it. The text is a whole sentence.
struct VarDirectoryTaken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Holds a process's directory: `dompetd.lock`, locked for as long as this lives, and `dompetd.pid`, the pid of this
/// process. The kernel gives the lock back when the process ends, however it ends, so a pid file that a killed server
/// left behind stops nobody.
class VarDirectory {
 public:
  /// Makes the directory when it is missing, locks it, writes the pid. Throws VarDirectoryTaken.
  explicit VarDirectory(const std::filesystem::path& directory);
  /// Removes the pid file, then unlocks.
  ~VarDirectory();

  /// Notes what this start of the process is called, and returns what the one before it was; empty when there was none.
  /// It surely is dead, since its lock is ours. Throws VarDirectoryTaken when it cannot be noted.
  std::string note_start(const std::string& name);

  VarDirectory(const VarDirectory&) = delete;
  VarDirectory& operator=(const VarDirectory&) = delete;

 private:
  std::filesystem::path pid_file_;
  std::filesystem::path start_file_;
  int lock_ = -1;
};

}  // namespace dompet
