#include "ipmpsc/internal/os/memory_limits.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/restrictions.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::DropFileCapabilities;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::PathOnDisk;
using ::ipmpsc::testing::WriteFile;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr char kVersion1Mount[] =
    "24 1 0:20 / /proc rw - proc proc rw\n"
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n";
constexpr char kVersion2Mount[] =
    "24 1 0:20 / /proc rw - proc proc rw\n"
    "35 31 0:32 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

// The system files of a machine, below a directory.
class MemoryLimitsTest : public ::testing::Test {
 protected:
  void Put(absl::string_view path, absl::string_view content) {
    const std::string whole = absl::StrCat(root_, path);
    std::filesystem::create_directories(std::filesystem::path(whole).parent_path());
    WriteFile(whole, content);
  }
  void PutNumber(absl::string_view path, uint64_t number) { Put(path, absl::StrCat(number, "\n")); }
  void PutCache(absl::string_view path, absl::string_view prefix, uint64_t inactive,
                uint64_t active) {
    Put(path, absl::StrCat("anon 77\n", prefix, "inactive_file ", inactive, "\n", prefix,
                           "active_file ", active, "\n"));
  }
  void InGroup1(absl::string_view path, absl::string_view mounts = kVersion1Mount) {
    Put("/proc/self/cgroup", absl::StrCat("5:cpuset:/other\n4:memory:", path, "\n0::/unified\n"));
    Put("/proc/self/mountinfo", mounts);
  }
  void InGroup2(absl::string_view path, absl::string_view mounts = kVersion2Mount) {
    Put("/proc/self/cgroup", absl::StrCat("0::", path, "\n"));
    Put("/proc/self/mountinfo", mounts);
  }
  void Limit1(absl::string_view group, uint64_t limit, uint64_t usage) {
    const std::string directory = absl::StrCat("/sys/fs/cgroup/memory", group);
    PutNumber(absl::StrCat(directory, "/memory.limit_in_bytes"), limit);
    PutNumber(absl::StrCat(directory, "/memory.usage_in_bytes"), usage);
  }
  void Limit2(absl::string_view group, absl::string_view limit, uint64_t usage) {
    const std::string directory = absl::StrCat("/sys/fs/cgroup", group);
    Put(absl::StrCat(directory, "/memory.max"), absl::StrCat(limit, "\n"));
    PutNumber(absl::StrCat(directory, "/memory.current"), usage);
  }
  void Swap(uint64_t kib) {
    Put("/proc/meminfo",
        absl::StrCat("MemAvailable:   4096 kB\nSwapTotal:  999999 kB\nSwapFree:  ", kib, " kB\n"));
  }

  void ExpectRoom(uint64_t bytes, absl::string_view limit) {
    const MemoryRoom room = ControlGroupRoom(root_);
    EXPECT_EQ(room.bytes, bytes);
    EXPECT_EQ(room.limit, limit);
  }
  void ExpectUnlimited() { ExpectRoom(MemoryRoom::kUnlimited, ""); }

  const std::string root_ = PathOnDisk("root");
};

TEST_F(MemoryLimitsTest, MachineWithoutFilesHasNoKnownLimit) { ExpectUnlimited(); }

TEST_F(MemoryLimitsTest, Version1) {
  InGroup1("/jobs/a");
  Limit1("/jobs/a", 64 * kMiB, 10 * kMiB);
  ExpectRoom(54 * kMiB, "memory.limit_in_bytes of control group /jobs/a, 67108864 bytes");
}

TEST_F(MemoryLimitsTest, Version2) {
  InGroup2("/jobs/a");
  Limit2("/jobs/a", "67108864", 10 * kMiB);
  ExpectRoom(54 * kMiB, "memory.max of control group /jobs/a, 67108864 bytes");
}

TEST_F(MemoryLimitsTest, TightestOfAllEnclosingGroupsCounts) {
  InGroup1("/a/b/c");
  Limit1("/a/b/c", 100 * kMiB, kMiB);
  Limit1("/a", 64 * kMiB, 60 * kMiB);
  ExpectRoom(4 * kMiB, "memory.limit_in_bytes of control group /a, 67108864 bytes");
  Limit1("/a/b", 32 * kMiB, 31 * kMiB);
  ExpectRoom(kMiB, "memory.limit_in_bytes of control group /a/b, 33554432 bytes");
  Limit1("", 32 * kMiB, 32 * kMiB);
  ExpectRoom(0, "memory.limit_in_bytes of control group /, 33554432 bytes");

  InGroup2("/a/b/c");
  Limit2("/a/b/c", "max", kMiB);
  Limit2("/a/b", "100000000", kMiB);
  Limit2("/a", "67108864", 60 * kMiB);
  ExpectRoom(4 * kMiB, "memory.max of control group /a, 67108864 bytes");
}

TEST_F(MemoryLimitsTest, UsedBeyondTheLimitLeavesNothing) {
  InGroup1("/a");
  Limit1("/a", 64 * kMiB, 65 * kMiB);
  ExpectRoom(0, "memory.limit_in_bytes of control group /a, 67108864 bytes");
}

TEST_F(MemoryLimitsTest, NoLimitInAnySpelling) {
  InGroup1("/a");
  for (const uint64_t limit : {uint64_t{9223372036854771712u}, ~uint64_t{0}}) {
    Limit1("/a", limit, kMiB);
    ExpectUnlimited();
  }
  Put("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "-1\n");
  ExpectUnlimited();
  InGroup2("/a");
  Limit2("/a", "max", kMiB);
  ExpectUnlimited();
}

TEST_F(MemoryLimitsTest, FileCacheIsFreeAndSharedMemoryIsNot) {
  InGroup1("/a");
  Limit1("/a", 64 * kMiB, 60 * kMiB);
  // Values without "total_" count the group without the groups below it.
  Put("/sys/fs/cgroup/memory/a/memory.stat",
      absl::StrCat("inactive_file 5\nshmem 7\ntotal_shmem ", 20 * kMiB, "\ntotal_inactive_file ",
                   3 * kMiB, "\ntotal_active_file ", 2 * kMiB, "\n"));
  ExpectRoom(9 * kMiB, "memory.limit_in_bytes of control group /a, 67108864 bytes");

  InGroup2("/a");
  Limit2("/a", "67108864", 60 * kMiB);
  Put("/sys/fs/cgroup/a/memory.stat",
      absl::StrCat("file ", 30 * kMiB, "\nshmem ", 25 * kMiB, "\ninactive_file ", 3 * kMiB,
                   "\nactive_file ", 2 * kMiB, "\nslab_reclaimable ", kMiB, "\n"));
  ExpectRoom(10 * kMiB, "memory.max of control group /a, 67108864 bytes");
  // The cache counts for no more than the used memory, whatever the file says.
  PutCache("/sys/fs/cgroup/a/memory.stat", "", ~uint64_t{0}, ~uint64_t{0});
  ExpectRoom(64 * kMiB, "memory.max of control group /a, 67108864 bytes");
}

TEST_F(MemoryLimitsTest, ALimitThatThrottlesCountsToo) {
  InGroup2("/a");
  Limit2("/a", "67108864", kMiB);
  PutNumber("/sys/fs/cgroup/a/memory.high", 32 * kMiB);
  ExpectRoom(31 * kMiB, "memory.high of control group /a, 33554432 bytes");
  Put("/sys/fs/cgroup/a/memory.max", "max\n");
  ExpectRoom(31 * kMiB, "memory.high of control group /a, 33554432 bytes");
  Put("/sys/fs/cgroup/a/memory.high", "max\n");
  ExpectUnlimited();
}

TEST_F(MemoryLimitsTest, SwapSpaceOfVersion1HasALimitTogetherWithMemory) {
  InGroup1("/a");
  Limit1("/a", 64 * kMiB, 60 * kMiB);
  Swap(8 << 10);
  ExpectRoom(12 * kMiB, "memory.limit_in_bytes of control group /a, 67108864 bytes");
  PutNumber("/sys/fs/cgroup/memory/a/memory.memsw.limit_in_bytes", 70 * kMiB);
  PutNumber("/sys/fs/cgroup/memory/a/memory.memsw.usage_in_bytes", 61 * kMiB);
  ExpectRoom(9 * kMiB, "memory.memsw.limit_in_bytes of control group /a, 73400320 bytes");
  PutNumber("/sys/fs/cgroup/memory/a/memory.swappiness", 0);
  ExpectRoom(4 * kMiB, "memory.limit_in_bytes of control group /a, 67108864 bytes");
}

TEST_F(MemoryLimitsTest, SwapSpaceOfVersion2IsThatOfTheTightestGroup) {
  InGroup2("/a/b");
  Limit2("/a/b", "67108864", 60 * kMiB);
  Swap(8 << 10);
  ExpectRoom(12 * kMiB, "memory.max of control group /a/b, 67108864 bytes");
  PutNumber("/sys/fs/cgroup/a/memory.swap.max", 3 * kMiB);
  PutNumber("/sys/fs/cgroup/a/memory.swap.current", kMiB);
  ExpectRoom(6 * kMiB, "memory.max of control group /a/b, 67108864 bytes");
  PutNumber("/sys/fs/cgroup/a/b/memory.swap.max", 0);
  ExpectRoom(4 * kMiB, "memory.max of control group /a/b, 67108864 bytes");
}

TEST_F(MemoryLimitsTest, ContainerWithItsOwnGroupAsRoot) {
  // Version 1 without a cgroup namespace: the path is the machine's, and the mount begins at it.
  InGroup1("/docker/f00/job",
           "35 31 0:32 /docker/f00 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
  Limit1("", 64 * kMiB, 10 * kMiB);
  ExpectRoom(54 * kMiB, "memory.limit_in_bytes of control group /docker/f00, 67108864 bytes");
  Limit1("/job", 32 * kMiB, 10 * kMiB);
  ExpectRoom(22 * kMiB, "memory.limit_in_bytes of control group /docker/f00/job, 33554432 bytes");
  // With a cgroup namespace, "/" is the container's group.
  InGroup2("/");
  Limit2("", "67108864", 10 * kMiB);
  ExpectRoom(54 * kMiB, "memory.max of control group /, 67108864 bytes");
}

TEST_F(MemoryLimitsTest, Version1KnowsALimitAboveTheVisibleGroups) {
  InGroup1("/");
  Limit1("", 9223372036854771712u, 10 * kMiB);
  Put("/sys/fs/cgroup/memory/memory.stat", "hierarchical_memory_limit 67108864\n");
  ExpectRoom(54 * kMiB, "hierarchical_memory_limit of control group /, 67108864 bytes");
  // The group is not counted twice.
  Limit1("", 67108864, 10 * kMiB);
  ExpectRoom(54 * kMiB, "memory.limit_in_bytes of control group /, 67108864 bytes");
}

TEST_F(MemoryLimitsTest, MountWithoutTheGroupIsIgnored) {
  Limit1("", 64 * kMiB, 0);
  Limit2("", "67108864", 0);
  for (const char* path : {"/docker/f001", "/docker", "/other", "/..", "/../docker/f00", ""}) {
    InGroup1(path, "35 31 0:32 /docker/f00 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
    ExpectUnlimited();
  }
  for (const char* path : {"/..", "/../job"}) {
    InGroup2(path);
    ExpectUnlimited();
  }
  InGroup2("/", "35 31 0:32 /.. /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  ExpectUnlimited();
}

TEST_F(MemoryLimitsTest, MountWithMostGroupsCounts) {
  InGroup2("/a/b",
           "35 31 0:32 /a/b /sys/fs/cgroup/inner ro - cgroup2 cgroup rw\n"
           "36 31 0:32 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
           "37 31 0:32 /a/b /sys/fs/cgroup/inner2 ro - cgroup2 cgroup rw\n");
  Limit2("/a", "67108864", 10 * kMiB);
  ExpectRoom(54 * kMiB, "memory.max of control group /a, 67108864 bytes");
}

TEST_F(MemoryLimitsTest, BothVersionsSideBySide) {
  InGroup1("/a", absl::StrCat(kVersion1Mount,
                              "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"));
  Limit1("/a", 64 * kMiB, 10 * kMiB);
  ExpectRoom(54 * kMiB, "memory.limit_in_bytes of control group /a, 67108864 bytes");
  PutNumber("/sys/fs/cgroup/unified/unified/memory.max", 32 * kMiB);
  PutNumber("/sys/fs/cgroup/unified/unified/memory.current", kMiB);
  ExpectRoom(31 * kMiB, "memory.max of control group /unified, 33554432 bytes");
}

TEST_F(MemoryLimitsTest, OldKernelGroupWithoutHierarchy) {
  InGroup1("/a/b");
  Limit1("/a", 64 * kMiB, 60 * kMiB);
  PutNumber("/sys/fs/cgroup/memory/a/memory.use_hierarchy", 0);
  ExpectUnlimited();
  PutNumber("/sys/fs/cgroup/memory/a/memory.use_hierarchy", 1);
  ExpectRoom(4 * kMiB, "memory.limit_in_bytes of control group /a, 67108864 bytes");
}

TEST_F(MemoryLimitsTest, NamesWithBlanksAndColons) {
  InGroup2("/my:group/a b", "35 31 0:32 / /sys/fs/c\\040group rw - cgroup2 cgroup2 rw\n");
  PutNumber("/sys/fs/c group/my:group/a b/memory.max", 64 * kMiB);
  PutNumber("/sys/fs/c group/my:group/a b/memory.current", 60 * kMiB);
  ExpectRoom(4 * kMiB, "memory.max of control group /my:group/a b, 67108864 bytes");
}

TEST_F(MemoryLimitsTest, UnreadableFileIsNoLimit) {
  const std::string files[] = {"/proc/self/cgroup", "/proc/self/mountinfo",
                               "/sys/fs/cgroup/a/memory.max", "/sys/fs/cgroup/a/memory.current"};
  const char* const garbage[] = {
      "",      "\n",         "max",     "18446744073709551616\n", "0x10\n",
      "12 34", "\xff\xfe\n", ":::::\n", "- - - - - - -\n",        "1 2 3 4 5 - \n"};
  for (const std::string& file : files) {
    for (const char* content : garbage) {
      InGroup2("/a");
      Limit2("/a", "67108864", 60 * kMiB);
      Put(file, content);
      SCOPED_TRACE(absl::StrCat(file, ": ", content));
      ExpectUnlimited();
    }
    InGroup2("/a");
    Limit2("/a", "67108864", 60 * kMiB);
    std::filesystem::remove(absl::StrCat(root_, file));
    ExpectUnlimited();
    std::filesystem::create_directory(absl::StrCat(root_, file));
    ExpectUnlimited();
    std::filesystem::remove(absl::StrCat(root_, file));

    InGroup2("/a");
    Limit2("/a", "67108864", 60 * kMiB);
    ASSERT_EQ(chmod(absl::StrCat(root_, file).c_str(), 0), 0);
    EXPECT_EQ(InChild([&] {
                const std::string dropped = DropFileCapabilities();
                return dropped.empty() ? absl::StrCat(ControlGroupRoom(root_).limit) : dropped;
              }),
              "");
    ASSERT_EQ(chmod(absl::StrCat(root_, file).c_str(), 0600), 0);
  }
}

TEST_F(MemoryLimitsTest, TheMachine) {
  EXPECT_EQ(MachineRoom(root_).bytes, MemoryRoom::kUnlimited);
  Put("/proc/meminfo", "MemTotal: 999 kB\nMemAvailable:       100 kB\nSwapFree:    28 kB\n");
  EXPECT_EQ(MachineRoom(root_).bytes, 128u << 10);
  EXPECT_THAT(MachineRoom(root_).limit, HasSubstr("machine"));
  for (const char* content : {"", "MemTotal: 999 kB\n", "MemAvailable: many kB\n",
                              "MemAvailable: 18446744073709551615 kB\n"}) {
    Put("/proc/meminfo", content);
    EXPECT_EQ(MachineRoom(root_).bytes, MemoryRoom::kUnlimited) << content;
  }
}

TEST(MemoryLimitsOfThisMachineTest, ThereIsSomeRoom) {
  EXPECT_GT(ControlGroupRoom().bytes, kMiB);
  EXPECT_GT(MachineRoom().bytes, kMiB);
  EXPECT_LT(MachineRoom().bytes, uint64_t{1} << 60);
}

}  // namespace
}  // namespace ipmpsc::internal
