// Senders map the pages of their first lap many at a time. The tests read how much of the ring is
// mapped, in bytes, from /proc/self/smaps.
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/ring/tuning.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using internal::tuning::kPopulatedCapacity;
using internal::tuning::kPopulatedTogether;

// Returns the bytes of the file `path` that this process has mapped pages for.
uint64_t MappedBytes(const std::string& path) {
  struct stat file;
  if (stat(path.c_str(), &file) != 0) return 0;
  const std::string inode = absl::StrCat(" ", file.st_ino, " ");
  std::ifstream smaps("/proc/self/smaps");
  uint64_t bytes = 0;
  bool is_ours = false;
  for (std::string line; std::getline(smaps, line);) {
    const bool is_name = line.find('-') < line.find(' ');  // "address-address rw-s ... inode path"
    if (is_name) is_ours = absl::StrContains(line, inode);
    if (!is_ours || !absl::StartsWith(line, "Rss:")) continue;
    uint64_t kib = 0;
    for (absl::string_view word : absl::StrSplit(line, ' ')) {
      if (absl::SimpleAtoi(word, &kib)) bytes += kib << 10;
    }
  }
  return bytes;
}

// MADV_POPULATE_WRITE, which some C libraries' headers lack.
constexpr int kPopulateWrite = 23;

bool KernelPopulates() {
  void* const page =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const bool populates = madvise(page, 4096, kPopulateWrite) == 0;
  munmap(page, 4096);
  return populates;
}

class FirstLapTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!KernelPopulates()) GTEST_SKIP() << "MADV_POPULATE_WRITE needs Linux 5.14";
  }

  // Creates a channel with a sender.
  void Create(uint64_t capacity) {
    ChannelOptions options;
    options.capacity = capacity;
    absl::StatusOr<Channel> channel = Channel::Create(path_, options);
    ASSERT_OK(channel);
    channel_ = *std::move(channel);
    absl::StatusOr<Sender> sender = Sender::Attach(*channel_);
    ASSERT_OK(sender);
    sender_ = *std::move(sender);
    mapped_before_ = MappedBytes(path_);
  }

  uint64_t Mapped() const { return MappedBytes(path_) - mapped_before_; }

  const testing::SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "first_lap";
  std::optional<Channel> channel_;
  std::optional<Sender> sender_;
  uint64_t mapped_before_ = 0;
};

TEST_F(FirstLapTest, FirstSendMapsAStep) {
  Create(kPopulatedCapacity);
  ASSERT_OK(sender_->TrySend("x"));
  EXPECT_GE(Mapped(), kPopulatedTogether);
  EXPECT_LT(Mapped(), 3 * kPopulatedTogether);
}

TEST_F(FirstLapTest, PagesAreMappedAheadOfEachSend) {
  Create(kPopulatedCapacity);
  const std::string message(1000, 'x');
  for (uint64_t sent = 0; sent < kPopulatedCapacity / 2;) {
    ASSERT_OK(sender_->TrySend(message));
    sent += 1024;
    if (sent % (1 << 20) == 0) {
      EXPECT_GE(Mapped(), sent);
    }
  }
}

TEST_F(FirstLapTest, LongMessageIsMappedBeforeItIsWritten) {
  Create(kPopulatedCapacity);
  absl::StatusOr<Loan> loan = sender_->TryClaim(4 << 20);
  ASSERT_OK(loan);
  EXPECT_GE(Mapped(), 4 << 20);
  std::move(*loan).Publish();
}

TEST_F(FirstLapTest, SmallRingIsNotMappedAhead) {
  Create(kPopulatedCapacity / 2);
  ASSERT_OK(sender_->TrySend("x"));
  EXPECT_LT(Mapped(), kPopulatedTogether);
}

TEST_F(FirstLapTest, EachMessageOfSeveralLapsArrives) {
  Create(kPopulatedCapacity);
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel_);
  ASSERT_OK(receiver);
  for (int i = 0; i < 100; ++i) {
    const std::string message((i % 7) << 18, static_cast<char>('a' + i % 26));
    ASSERT_OK(sender_->TrySend(message));
    absl::StatusOr<Lease> lease = receiver->TryReceive();
    ASSERT_OK(lease);
    EXPECT_EQ(lease->payload(), message);
  }
}

}  // namespace
}  // namespace ipmpsc
