// Paths that no other test uses, also one that runs at the same time in another PID namespace.
#ifndef TESTS_TESTING_TEMP_PATH_H_
#define TESTS_TESTING_TEMP_PATH_H_

#include <string>

#include "absl/strings/string_view.h"

namespace ipmpsc::testing {

// In the test's own directory, on disk.
std::string PathOnDisk(absl::string_view name);

// A new directory in /dev/shm that is removed with all that is in it.
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
// How many names a directory holds, hidden ones too.
int CountNames(const std::string& directory);

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_TEMP_PATH_H_
