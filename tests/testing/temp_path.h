// Paths that no other test uses, even one that runs at the same time in another PID namespace.
#ifndef TESTS_TESTING_TEMP_PATH_H_
#define TESTS_TESTING_TEMP_PATH_H_

#include <string>

#include "absl/strings/string_view.h"

namespace ipmpsc::testing {

// Returns a path in the test's own directory, on disk.
std::string PathOnDisk(absl::string_view name);

// A new directory in /dev/shm. The destructor removes it with its contents.
class SharedMemoryDirectory {
 public:
  SharedMemoryDirectory();
  SharedMemoryDirectory(const SharedMemoryDirectory&) = delete;
  SharedMemoryDirectory& operator=(const SharedMemoryDirectory&) = delete;
  ~SharedMemoryDirectory();

  const std::string& path() const { return path_; }
  std::string operator/(absl::string_view name) const;

 private:
  std::string path_;
};

void WriteFile(const std::string& path, absl::string_view content);
std::string ReadFile(const std::string& path);
bool Exists(const std::string& path);
// Returns the number of names in a directory, including hidden ones.
int CountNames(const std::string& directory);

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_TEMP_PATH_H_
