#include "tests/testing/temp_path.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace ipmpsc::testing {
namespace {

std::string NewDirectory(std::string pattern) {
  if (mkdtemp(&pattern[0]) == nullptr) ADD_FAILURE() << "cannot make a directory " << pattern;
  return pattern;
}

}  // namespace

std::string PathOnDisk(absl::string_view name) {
  const char* directory = getenv("TEST_TMPDIR");
  // A new directory, since runs of --runs_per_test may share the given one.
  return absl::StrCat(
      NewDirectory(absl::StrCat(directory != nullptr ? directory : "/tmp", "/ipmpsc-XXXXXX")), "/",
      name);
}

SharedMemoryDirectory::SharedMemoryDirectory()
    : path_(NewDirectory("/dev/shm/ipmpsc-test-XXXXXX")) {}

SharedMemoryDirectory::~SharedMemoryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string SharedMemoryDirectory::operator/(absl::string_view name) const {
  return absl::StrCat(path_, "/", name);
}

void WriteFile(const std::string& path, absl::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file) ADD_FAILURE() << "cannot write " << path;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) ADD_FAILURE() << "cannot read " << path;
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

bool Exists(const std::string& path) {
  struct stat status;
  return lstat(path.c_str(), &status) == 0;
}

int CountNames(const std::string& directory) {
  const std::filesystem::directory_iterator names(directory);
  return static_cast<int>(std::distance(begin(names), end(names)));
}

}  // namespace ipmpsc::testing
