#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace dompet::scratch {

/// An empty directory of a test's own, gone at its end.
class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "dompet-unit-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::filesystem::filesystem_error("no scratch directory", std::error_code(errno, std::generic_category()));
    path_ = name;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_{};
};

}  // namespace dompet::scratch
