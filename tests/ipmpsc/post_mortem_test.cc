// Tests PostMortem: each documented status code, and what a file holds.
#include "ipmpsc/post_mortem.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/segment/layout.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/stats.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/restrictions.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::DropFileCapabilities;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::ReadFile;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::testing::WriteFile;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PostMortemTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 4;
    options.description = "described";
    options.mode = 0400;
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(path_, options));
    channel_ = std::move(channel);
  }

  // Returns the messages that are left, each with + if it was released and - if not, and the code
  // that follows them.
  static std::vector<std::string> ReadAll(PostMortem* found) {
    std::vector<std::string> texts;
    for (;;) {
      const absl::StatusOr<PostMortemMessage> message = found->Next();
      if (!message.ok()) {
        texts.push_back(absl::StatusCodeToString(message.status().code()));
        return texts;
      }
      texts.push_back(absl::StrCat(message->released ? "+" : "-", message->payload));
    }
  }

  void Send(const std::vector<std::string>& texts) {
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_));
    for (const std::string& text : texts) ASSERT_OK(sender.TrySend(text));
  }
  void Receive(int count) {
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(*channel_));
    for (int i = 0; i < count; ++i) ASSERT_OK(receiver.TryReceive());
  }
  void ExpectError(const std::string& bytes, absl::StatusCode code, const std::string& text) {
    const std::string path = directory_ / "bad";
    WriteFile(path, bytes);
    EXPECT_THAT(PostMortem::Open(path), StatusIs(code, AllOf(HasSubstr(path), HasSubstr(text))));
  }

  const SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "channel";
  std::optional<Channel> channel_;
};

TEST_F(PostMortemTest, TellsWhatWasReceivedAndWhatWasNot) {
  Send({"a", "b", "c"});
  Receive(2);
  ASSERT_OK_AND_ASSIGN(PostMortem found, PostMortem::Open(path_));
  EXPECT_THAT(ReadAll(&found), ElementsAre("+a", "+b", "-c", "OUT_OF_RANGE"));
  EXPECT_THAT(found.orphans(), IsEmpty());
  EXPECT_EQ(found.channel().description(), "described");
  EXPECT_EQ(found.channel().id(), channel_->id());
}

TEST_F(PostMortemTest, ReadsACopyOfTheFile) {
  Send({"a"});
  const std::string copy = directory_ / "copy";
  WriteFile(copy, ReadFile(path_));
  ASSERT_OK_AND_ASSIGN(const Sender alive, Sender::Attach(*channel_));
  ASSERT_OK_AND_ASSIGN(PostMortem found, PostMortem::Open(copy));
  EXPECT_THAT(ReadAll(&found), ElementsAre("-a", "OUT_OF_RANGE"));
}

TEST_F(PostMortemTest, AnEmptyChannelHasNoMessages) {
  ASSERT_OK_AND_ASSIGN(PostMortem found, PostMortem::Open(path_));
  EXPECT_THAT(ReadAll(&found), ElementsAre("OUT_OF_RANGE"));
  channel_->Close();
  ASSERT_OK_AND_ASSIGN(PostMortem closed, PostMortem::Open(path_));
  EXPECT_THAT(ReadAll(&closed), ElementsAre("OUT_OF_RANGE"));
  EXPECT_TRUE(closed.stats().closed);
}

TEST_F(PostMortemTest, ReadsAWholeLap) {
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_));
  {
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(*channel_));
    for (int i = 0; i < 1000; ++i) {
      ASSERT_OK(sender.TrySend(absl::StrCat(i)));
      ASSERT_OK(receiver.TryReceive());
    }
  }
  { const Sender gone = std::move(sender); }
  ASSERT_OK_AND_ASSIGN(PostMortem found, PostMortem::Open(path_));
  const std::vector<std::string> texts = ReadAll(&found);
  ASSERT_THAT(texts, SizeIs(64 + 1));
  EXPECT_EQ(texts[0], "+936");
  EXPECT_EQ(texts[63], "+999");
}

TEST_F(PostMortemTest, TellsOrphansAndWhoWasAttached) {
  ChildProcess child = ChildProcess::ForkAndHold([this]() -> std::string {
    static std::optional<Sender> sender;
    static std::optional<Loan> loan;
    SenderOptions options;
    options.name = "victim";
    const absl::StatusOr<Channel> channel = Channel::Open(path_);
    if (!channel.ok()) return channel.status().ToString();
    absl::StatusOr<Sender> attached = Sender::Attach(*channel, options);
    if (!attached.ok()) return attached.status().ToString();
    sender.emplace(*std::move(attached));
    absl::StatusOr<Loan> lent = sender->TryClaim(100);
    if (!lent.ok()) return lent.status().ToString();
    loan.emplace(*std::move(lent));
    return "";
  });
  ASSERT_EQ(child.result(), "");
  Send({"behind"});
  EXPECT_THAT(PostMortem::Open(path_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("is attached")));
  child.Kill();
  ASSERT_OK_AND_ASSIGN(PostMortem found, PostMortem::Open(path_));
  EXPECT_THAT(ReadAll(&found), ElementsAre("-behind", "OUT_OF_RANGE"));
  ASSERT_THAT(found.orphans(), SizeIs(1));
  EXPECT_EQ(found.orphans()[0].position, 0u);
  EXPECT_EQ(found.orphans()[0].bytes, 128u);
  EXPECT_EQ(found.orphans()[0].sender, 0);
  EXPECT_FALSE(found.orphans()[0].released);
  const ChannelStats stats = found.stats();
  ASSERT_THAT(stats.senders, SizeIs(2));
  EXPECT_EQ(stats.senders[0].name, "victim");
  EXPECT_TRUE(stats.senders[0].died());
  EXPECT_FALSE(stats.senders[1].died());

  // The receiver steps over it.
  Receive(1);
  ASSERT_OK_AND_ASSIGN(PostMortem later, PostMortem::Open(path_));
  EXPECT_THAT(ReadAll(&later), ElementsAre("+behind", "OUT_OF_RANGE"));
}

TEST_F(PostMortemTest, AReleasedOrphanIsAHole) {
  Send({"before"});
  // As a receiver leaves it behind: released, and without a stamp.
  Send({"torn out", "after"});
  Receive(3);
  internal::ChannelAccess::SegmentOf(*channel_)->ring().HeaderAt(64)->stamp.store(0);
  ASSERT_OK_AND_ASSIGN(PostMortem found, PostMortem::Open(path_));
  EXPECT_THAT(ReadAll(&found), ElementsAre("+before", "+after", "OUT_OF_RANGE"));
  ASSERT_THAT(found.orphans(), SizeIs(1));
  EXPECT_EQ(found.orphans()[0].position, 64u);
  EXPECT_EQ(found.orphans()[0].bytes, 64u);
  EXPECT_EQ(found.orphans()[0].sender, std::nullopt);
  EXPECT_TRUE(found.orphans()[0].released);
}

TEST_F(PostMortemTest, ChangesNothing) {
  Send({"a"});
  const std::string before = ReadFile(path_);
  ASSERT_OK_AND_ASSIGN(PostMortem found, PostMortem::Open(path_));
  ReadAll(&found);
  EXPECT_EQ(ReadFile(path_), before);
  EXPECT_THAT(Receiver::Attach(found.channel()), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(PostMortemTest, NeedsOnlyThePermissionToRead) {
  EXPECT_EQ(InChild([this]() -> std::string {
              if (std::string failure = DropFileCapabilities(); !failure.empty()) return failure;
              return PostMortem::Open(path_).status().ToString();
            }),
            "OK");
  ASSERT_EQ(chmod(path_.c_str(), 0200), 0);
  EXPECT_THAT(InChild([this]() -> std::string {
                if (std::string failure = DropFileCapabilities(); !failure.empty()) return failure;
                return PostMortem::Open(path_).status().ToString();
              }),
              HasSubstr("PERMISSION_DENIED"));
}

TEST_F(PostMortemTest, AFileOfAnotherKindIsAnError) {
  EXPECT_THAT(PostMortem::Open(directory_ / "none"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(PostMortem::Open(""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(PostMortem::Open(directory_.path()), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(PostMortem::Open("/dev/null"), StatusIs(absl::StatusCode::kInvalidArgument));
  ExpectError("", absl::StatusCode::kInvalidArgument, "not an ipmpsc channel");
  ExpectError(std::string(100000, 'x'), absl::StatusCode::kInvalidArgument, "not an ipmpsc");
}

TEST_F(PostMortemTest, ATruncatedFileIsDataLoss) {
  const std::string good = ReadFile(path_);
  for (const size_t size :
       {size_t{64}, size_t{128}, size_t{4096}, good.size() - 4096, good.size() - 1}) {
    ExpectError(good.substr(0, size), absl::StatusCode::kDataLoss, "truncated");
  }
}

TEST_F(PostMortemTest, ASparseFileIsDataLoss) {
  const std::string sparse = directory_ / "sparse";
  WriteFile(sparse, ReadFile(path_));
  const int fd = open(sparse.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096), 0);
  close(fd);
  EXPECT_THAT(PostMortem::Open(sparse), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("holes")));
}

TEST_F(PostMortemTest, ADamagedHeaderIsAnError) {
  std::string bytes = ReadFile(path_);
  bytes[offsetof(internal::SegmentHeader, abi_version)] = 99;
  ExpectError(bytes, absl::StatusCode::kFailedPrecondition, "ABI version 99");
  bytes = ReadFile(path_);
  bytes[offsetof(internal::SegmentHeader, capacity)] = 1;
  ExpectError(bytes, absl::StatusCode::kDataLoss, "damaged");
}

TEST_F(PostMortemTest, DamagedPositionsAreDataLoss) {
  Send({"a"});
  internal::ChannelAccess::SegmentOf(*channel_)->ring().control->release_position.store(640);
  ASSERT_OK_AND_ASSIGN(PostMortem found, PostMortem::Open(path_));
  EXPECT_THAT(ReadAll(&found), ElementsAre("DATA_LOSS"));
  EXPECT_TRUE(found.stats().damaged);
}

TEST_F(PostMortemTest, ADamagedRecordIsDataLoss) {
  Send({"a", "b", "c"});
  internal::ChannelAccess::SegmentOf(*channel_)->ring().HeaderAt(64)->description.store(
      ~uint64_t{0});
  ASSERT_OK_AND_ASSIGN(PostMortem found, PostMortem::Open(path_));
  EXPECT_THAT(ReadAll(&found), ElementsAre("-a", "DATA_LOSS"));
  EXPECT_THAT(found.Next(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("at position 64")));
}

}  // namespace
}  // namespace ipmpsc
