#include <catch2/catch_test_macros.hpp>
#include <unistd.h>

#include <fstream>
#include <string>

#include "config/var_directory.hpp"
#include "tests/unit/scratch.hpp"

using namespace dompet;

namespace {

std::string pid_in(const std::filesystem::path& directory) {
  std::string pid;
  std::ifstream(directory / "dompetd.pid") >> pid;
  return pid;
}

}  // namespace

TEST_CASE("a server's directory holds its pid for as long as it runs") {
  const scratch::Directory scratch;
  const auto path = scratch.path() / "deep" / "var";
  {
    const VarDirectory held(path);
    CHECK(pid_in(path) == std::to_string(::getpid()));
  }
  CHECK_FALSE(std::filesystem::exists(path / "dompetd.pid"));
  CHECK_NOTHROW(VarDirectory(path));
}

TEST_CASE("a second server is turned away with the pid of the first") {
  const scratch::Directory scratch;
  const VarDirectory held(scratch.path());
  try {
    const VarDirectory second(scratch.path());
    FAIL("two servers hold one directory");
  } catch (const VarDirectoryTaken& taken) {
    CHECK(std::string{taken.what()} == "The directory " + scratch.path().string() + " is in use by process " +
                                           std::to_string(::getpid()) +
                                           "; stop it first, or set DOMPET_VAR to another directory.");
  }
  CHECK(pid_in(scratch.path()) == std::to_string(::getpid()));
}

TEST_CASE("a pid file that a killed server left behind stops nobody") {
  const scratch::Directory scratch;
  std::ofstream(scratch.path() / "dompetd.pid") << "1\n";
  std::ofstream(scratch.path() / "dompetd.lock") << "";
  const VarDirectory held(scratch.path());
  CHECK(pid_in(scratch.path()) == std::to_string(::getpid()));
}

TEST_CASE("a directory that cannot be made is told in a sentence") {
  const scratch::Directory scratch;
  std::ofstream(scratch.path() / "file") << "";
  CHECK_THROWS_AS(VarDirectory(scratch.path() / "file" / "var"), VarDirectoryTaken);
}
