#include "ipmpsc/internal/segment/nascent_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/restrictions.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::CountNames;
using ::ipmpsc::testing::DenyOpen;
using ::ipmpsc::testing::DenySyscall;
using ::ipmpsc::testing::DropFileCapabilities;
using ::ipmpsc::testing::Exists;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::ReadFile;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::testing::WriteFile;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uint32_t kTmpFileBit = O_TMPFILE & ~O_DIRECTORY;

std::string ContentOf(int fd) {
  char buffer[64] = {};
  const ssize_t size = pread(fd, buffer, sizeof(buffer), 0);
  return size < 0 ? "unreadable" : std::string(buffer, static_cast<size_t>(size));
}

// The whole life of a file. The tests run it with and without the kernel's features.
std::string WriteAndName(const SharedMemoryDirectory& directory, int names_while_nascent) {
  absl::StatusOr<NascentFile> file = NascentFile::Create(directory / "a", 0600);
  if (!file.ok()) return file.status().ToString();
  if (pwrite(file->fd(), "new", 3, 0) != 3) return "cannot write";
  if (CountNames(directory.path()) != names_while_nascent) return "other names while nascent";
  if (Exists(directory / "a")) return "named too early";
  const absl::Status named = file->Name();
  if (!named.ok()) return named.ToString();
  if (ReadFile(directory / "a") != "new") return "named another file";
  const NascentFile ended = *std::move(file);
  return "";
}

std::string ReplaceInPlace(const SharedMemoryDirectory& directory,
                           const std::string& expected_old) {
  absl::StatusOr<NascentFile> file = NascentFile::Create(directory / "a", 0600);
  if (!file.ok()) return file.status().ToString();
  if (pwrite(file->fd(), "new", 3, 0) != 3) return "cannot write";
  absl::StatusOr<UniqueFd> old = file->NameInPlace();
  if (!old.ok()) return old.status().ToString();
  if ((old->valid() ? ContentOf(old->get()) : "none") != expected_old)
    return "handed out another file";
  if (ReadFile(directory / "a") != "new") return "named another file";
  const NascentFile ended = *std::move(file);
  return "";
}

TEST(NascentFileTest, HasNoNameUntilItIsNamed) {
  const SharedMemoryDirectory directory;
  EXPECT_EQ(WriteAndName(directory, 0), "");
  EXPECT_EQ(CountNames(directory.path()), 1);
}

TEST(NascentFileTest, UnnamedFileLeavesNothingBehind) {
  const SharedMemoryDirectory directory;
  { ASSERT_OK(NascentFile::Create(directory / "a", 0600)); }
  EXPECT_EQ(CountNames(directory.path()), 0);
}

TEST(NascentFileTest, TakenNameIsRefusedAndItsFileIsUntouched) {
  const SharedMemoryDirectory directory;
  WriteFile(directory / "a", "old");
  ASSERT_OK_AND_ASSIGN(NascentFile file, NascentFile::Create(directory / "a", 0600));
  EXPECT_THAT(file.Name(), StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(directory / "a")));
  EXPECT_EQ(ReadFile(directory / "a"), "old");
  EXPECT_EQ(CountNames(directory.path()), 1);
}

TEST(NascentFileTest, ReplacesAMissingName) {
  const SharedMemoryDirectory directory;
  EXPECT_EQ(ReplaceInPlace(directory, "none"), "");
  EXPECT_EQ(CountNames(directory.path()), 1);
}

TEST(NascentFileTest, ReplacedFileIsReturnedAndLosesItsName) {
  const SharedMemoryDirectory directory;
  WriteFile(directory / "a", "old");
  EXPECT_EQ(ReplaceInPlace(directory, "old"), "");
  EXPECT_EQ(CountNames(directory.path()), 1);
}

TEST(NascentFileTest, ModeIsExactWhateverTheUmask) {
  const SharedMemoryDirectory directory;
  for (const mode_t mask : {0, 022, 0777}) {
    for (const mode_t mode : {0600, 0660, 0666, 0604}) {
      const mode_t before = umask(mask);
      absl::StatusOr<NascentFile> file = NascentFile::Create(directory / "a", mode);
      umask(before);
      ASSERT_OK(file);
      struct stat status;
      ASSERT_EQ(fstat(file->fd(), &status), 0);
      EXPECT_EQ(status.st_mode & 07777, mode);
    }
  }
}

TEST(NascentFileTest, NoSuchDirectory) {
  const SharedMemoryDirectory directory;
  EXPECT_THAT(NascentFile::Create(directory / "none/a", 0600),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(directory / "none/a")));
}

TEST(NascentFileTest, DirectoryThatIsAFile) {
  const SharedMemoryDirectory directory;
  WriteFile(directory / "file", "");
  EXPECT_THAT(NascentFile::Create(directory / "file/a", 0600),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(directory / "file/a"), HasSubstr("directory"))));
}

TEST(NascentFileTest, UnwritableDirectory) {
  const SharedMemoryDirectory directory;
  ASSERT_EQ(chmod(directory.path().c_str(), 0500), 0);
  EXPECT_EQ(InChild([&] {
              const std::string dropped = DropFileCapabilities();
              if (!dropped.empty()) return dropped;
              return std::string(absl::StatusCodeToString(
                  NascentFile::Create(directory / "a", 0600).status().code()));
            }),
            "PERMISSION_DENIED");
}

TEST(NascentFileTest, RelativePathWithoutADirectory) {
  const SharedMemoryDirectory directory;
  EXPECT_EQ(InChild([&]() -> std::string {
              if (chdir(directory.path().c_str()) != 0) return "chdir";
              absl::StatusOr<NascentFile> file = NascentFile::Create("a", 0600);
              if (!file.ok()) return file.status().ToString();
              return file->Name().ToString();
            }),
            "OK");
  EXPECT_TRUE(Exists(directory / "a"));
}

// File systems and kernels without some of the features.

TEST(NascentFileWithoutTmpFileTest, IsHiddenUntilItIsNamed) {
  for (const int error : {EOPNOTSUPP, EINVAL, EISDIR}) {
    const SharedMemoryDirectory directory;
    EXPECT_EQ(InChild([&] {
                const std::string denied = DenyOpen(kTmpFileBit, error);
                return denied.empty() ? WriteAndName(directory, 1) : denied;
              }),
              "");
    EXPECT_EQ(CountNames(directory.path()), 1) << "the hidden name stayed";
    EXPECT_EQ(ReadFile(directory / "a"), "new");
  }
}

TEST(NascentFileWithoutTmpFileTest, UnnamedFileLeavesNothingBehind) {
  const SharedMemoryDirectory directory;
  EXPECT_EQ(InChild([&]() -> std::string {
              const std::string denied = DenyOpen(kTmpFileBit, EOPNOTSUPP);
              if (!denied.empty()) return denied;
              absl::StatusOr<NascentFile> file = NascentFile::Create(directory / "a", 0600);
              if (!file.ok()) return file.status().ToString();
              return CountNames(directory.path()) == 1 ? "" : "no hidden name";
            }),
            "");
  EXPECT_EQ(CountNames(directory.path()), 0);
}

TEST(NascentFileWithoutTmpFileTest, DirectoryThatIsAFile) {
  const SharedMemoryDirectory directory;
  WriteFile(directory / "file", "");
  EXPECT_THAT(InChild([&] {
                const std::string denied = DenyOpen(kTmpFileBit, EOPNOTSUPP);
                if (!denied.empty()) return denied;
                return NascentFile::Create(directory / "file/a", 0600).status().ToString();
              }),
              HasSubstr("file/a"));
  EXPECT_EQ(CountNames(directory.path()), 1);
}

TEST(NascentFileWithoutExchangeTest, ReplacedFileIsReturned) {
  for (const int error : {EINVAL, ENOSYS}) {
    const SharedMemoryDirectory directory;
    WriteFile(directory / "a", "old");
    EXPECT_EQ(InChild([&] {
                const std::string denied = DenySyscall(SYS_renameat2, 4, RENAME_EXCHANGE, error);
                return denied.empty() ? ReplaceInPlace(directory, "old") : denied;
              }),
              "");
    EXPECT_EQ(CountNames(directory.path()), 1);
  }
}

TEST(NascentFileWithoutExchangeTest, ReplacesAMissingName) {
  const SharedMemoryDirectory directory;
  EXPECT_EQ(InChild([&] {
              const std::string denied = DenySyscall(SYS_renameat2, 4, RENAME_EXCHANGE, EINVAL);
              return denied.empty() ? ReplaceInPlace(directory, "none") : denied;
            }),
            "");
  EXPECT_EQ(CountNames(directory.path()), 1);
}

TEST(NascentFileTest, NameThatComesAndGoesEndsInAborted) {
  // The file is missing whenever it is exchanged, and exists whenever it is created.
  const SharedMemoryDirectory directory;
  EXPECT_THAT(InChild([&]() -> std::string {
                std::string denied = DenySyscall(SYS_renameat2, 4, RENAME_EXCHANGE, ENOENT);
                if (denied.empty())
                  denied = DenySyscall(SYS_renameat2, 4, RENAME_NOREPLACE, EEXIST);
                return denied.empty() ? ReplaceInPlace(directory, "none") : denied;
              }),
              AllOf(HasSubstr("ABORTED"), HasSubstr(directory / "a")));
  EXPECT_EQ(CountNames(directory.path()), 0) << "nothing stays behind";
}

}  // namespace
}  // namespace ipmpsc::internal
