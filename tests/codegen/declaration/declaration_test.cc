// Tests what option (ipmpsc.channel) declares of a channel's behavior: full rings, existing
// channels, the mode of the file.
#include <stdlib.h>
#include <sys/stat.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "tests/codegen/declaration/declared.ipmpsc.h"
#include "tests/codegen/declaration/declared.pb.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc_test {
namespace {

using ::ipmpsc::Channel;
using ::ipmpsc::ChannelOptions;
using ::ipmpsc::ExistPolicy;
using ::ipmpsc::OnFull;
using ::ipmpsc::testing::StatusIs;

TEST(DeclarationTest, OptionsAreThoseOfTheProto) {
  const ChannelOptions lossy = LossyChannel::Options();
  EXPECT_EQ(lossy.on_full, OnFull::kDropNewest);
  EXPECT_EQ(lossy.exist_policy, ExistPolicy::kOpenOrReplace);
  EXPECT_EQ(lossy.mode, 0640u);
  EXPECT_FALSE(lossy.timestamps);
  const ChannelOptions opened = OpenedChannel::Options();
  EXPECT_EQ(opened.on_full, OnFull::kWait);
  EXPECT_EQ(opened.exist_policy, ExistPolicy::kOpen);
  EXPECT_EQ(opened.mode, ChannelOptions().mode);
  EXPECT_TRUE(StampedChannel::Options().timestamps);
  EXPECT_EQ(StampedChannel::Options().exist_policy, ExistPolicy::kFail);
  EXPECT_EQ(ReplacedChannel::Options().exist_policy, ExistPolicy::kReplace);
  const ChannelOptions plain = PlainChannel::Options();
  EXPECT_EQ(plain.on_full, ChannelOptions().on_full);
  EXPECT_EQ(plain.exist_policy, ChannelOptions().exist_policy);
  EXPECT_EQ(plain.mode, ChannelOptions().mode);
}

TEST(DeclarationTest, GeneratedEndsCreateTheDeclaredChannel) {
  const ipmpsc::testing::SharedMemoryDirectory directory;
  ASSERT_EQ(setenv("IPMPSC_DIR", directory.path().c_str(), 1), 0);
  ASSERT_OK_AND_ASSIGN(Channel created, LossyChannel::Create());
  struct stat file;
  ASSERT_EQ(stat(created.path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0640u);

  // Either end may create it.
  ASSERT_OK_AND_ASSIGN(const Channel opened, LossyChannel::Create());
  EXPECT_EQ(opened.id(), created.id());

  // Without a receiver the sender never waits.
  ASSERT_OK_AND_ASSIGN(LossySender sender, LossySender::Open());
  Lossy message;
  message.set_text(std::string(1000, 'x'));
  for (int i = 0; i < 4; ++i) ASSERT_OK(sender.Send(message, absl::InfiniteDuration()));
  EXPECT_THAT(sender.Send(message, absl::InfiniteDuration()),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(sender.dropped(), 1u);
  ASSERT_OK_AND_ASSIGN(LossyReceiver receiver, LossyReceiver::Open());
  EXPECT_EQ(receiver.dropped(), 1u);

  // An ended one is replaced.
  created.Close();
  ASSERT_OK_AND_ASSIGN(const Channel renewed, LossyChannel::Create());
  EXPECT_NE(renewed.id(), created.id());
  unsetenv("IPMPSC_DIR");
}

}  // namespace
}  // namespace ipmpsc_test
