#include "ipmpsc/internal/os/allocate.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/restrictions.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::DenySyscall;
using ::ipmpsc::testing::InChild;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Not a multiple of any step, in bytes.
constexpr uint64_t kSize = (1 << 20) + 12345;

std::string AllocateAndLook() {
  const UniqueFd fd = CreateMemoryFile("allocate_test", 0);
  if (!fd.valid()) return "no file";
  const absl::Status status = AllocateFile(fd.get(), kSize);
  if (!status.ok()) return status.ToString();
  struct stat file;
  if (fstat(fd.get(), &file) != 0) return "no fstat";
  if (file.st_size != static_cast<off_t>(kSize)) return absl::StrCat("size ", file.st_size);
  if (static_cast<uint64_t>(file.st_blocks) * 512 < kSize) return "it has holes";
  std::string content(kSize + 1, 'x');
  if (pread(fd.get(), content.data(), content.size(), 0) != static_cast<ssize_t>(kSize)) {
    return "unreadable";
  }
  content.pop_back();
  const bool zeros = std::all_of(content.begin(), content.end(), [](char c) { return c == '\0'; });
  return zeros ? "" : "not empty";
}

// The same where system calls fail: EOPNOTSUPP of fallocate is the answer of NFS before 4.2.
std::string AllocateWith(int fallocate_error, int write_error) {
  return InChild([&] {
    std::string denied = DenySyscall(SYS_fallocate, 0, 0, fallocate_error);
    if (denied.empty() && write_error != 0) {
      denied = DenySyscall(SYS_pwrite64, 0, 0, write_error);
    }
    return denied.empty() ? AllocateAndLook() : denied;
  });
}

TEST(AllocateFileTest, ReservesTheWholeFile) { EXPECT_EQ(AllocateAndLook(), ""); }

TEST(AllocateFileTest, WritesWhereTheFileSystemCannotReserve) {
  EXPECT_EQ(AllocateWith(EOPNOTSUPP, 0), "");
}

TEST(AllocateFileTest, FullFileSystemThatCannotReserveIsAnError) {
  EXPECT_THAT(AllocateWith(EOPNOTSUPP, ENOSPC),
              AllOf(HasSubstr("RESOURCE_EXHAUSTED"), HasSubstr("its file system is full")));
}

TEST(AllocateFileTest, OtherErrorsOfTheCallAreErrors) {
  EXPECT_THAT(AllocateWith(EDQUOT, 0), HasSubstr("the quota"));
}

}  // namespace
}  // namespace ipmpsc::internal
