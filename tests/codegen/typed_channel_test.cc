// Tests the generated classes: FrameChannel, FrameSender, FrameReceiver, FrameLease.
#include <stdlib.h>

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/info.pb.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/schema/description.h"
#include "ipmpsc/sender.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/frame.pb.h"
#include "tests/codegen/protos/legacy.ipmpsc.h"
#include "tests/codegen/protos/legacy.pb.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc_test {
namespace {

using ::absl::StatusCode;
using ::ipmpsc::Channel;
using ::ipmpsc::ChannelOptions;
using ::ipmpsc::testing::IsOk;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

camera::Frame SomeFrame(uint32_t width) {
  camera::Frame frame;
  frame.set_width(width);
  frame.set_pixels(std::string(1000, 'p'));
  frame.set_comment("first light");
  frame.set_format(camera::FORMAT_RGB);
  frame.mutable_taken()->set_seconds(1700000000);
  for (int i = 0; i < 5; ++i) frame.add_gains(static_cast<float>(i) / 2);
  for (uint32_t i = 0; i < 3; ++i) frame.add_faces()->set_x(i);
  (*frame.mutable_counters())["shutter"] = -4;
  (*frame.mutable_counters())["drops"] = 2;
  return frame;
}

ChannelOptions Small() {
  ChannelOptions options;
  options.capacity = 16384;
  options.max_senders = 4;
  return options;
}

Channel FrameChannelInMemory() {
  absl::StatusOr<Channel> channel = camera::FrameChannel::CreateAnonymous(Small());
  EXPECT_OK(channel);
  return *std::move(channel);
}

TEST(TypedChannelTest, MessageArrivesUnchanged) {
  const Channel channel = FrameChannelInMemory();
  ASSERT_OK_AND_ASSIGN(auto receiver, camera::FrameReceiver::Attach(channel));
  ASSERT_OK_AND_ASSIGN(auto sender, camera::FrameSender::Attach(channel));
  const camera::Frame sent = SomeFrame(1920);
  ASSERT_OK(sender.Send(sent, absl::Seconds(10)));
  ASSERT_OK_AND_ASSIGN(camera::FrameLease frame, receiver.Receive(absl::Seconds(10)));
  EXPECT_EQ(frame->width(), 1920);
  EXPECT_EQ(frame->pixels(), sent.pixels());
  EXPECT_TRUE(frame->has_comment());
  EXPECT_EQ(frame->format(), camera::FORMAT_RGB);
  EXPECT_EQ(frame->taken().seconds(), 1700000000);
  EXPECT_EQ(frame->gains(3), 1.5f);
  EXPECT_EQ(frame->faces().size(), 3);
  EXPECT_EQ(frame->faces(2).x(), 2);
  EXPECT_EQ((*frame->counters().find("shutter")).value(), -4);
  EXPECT_EQ((*frame).ToMessage().SerializeAsString().size(), sent.SerializeAsString().size());
  EXPECT_EQ(frame->DebugString(), sent.DebugString());
  EXPECT_EQ(frame.sender(), sender.slot());
  std::move(frame).Release();
  EXPECT_THAT(receiver.TryReceive(), StatusIs(StatusCode::kUnavailable));
}

// Starts both ends, `first` some time before `second`, and sends a message from one to the other.
void ExchangeInOrder(const std::function<void()>& first, const std::function<void()>& second) {
  std::thread starts_first(first);
  // `first` has looked and waits. A shorter time makes the test weaker, not wrong.
  absl::SleepFor(absl::Milliseconds(30));
  second();
  starts_first.join();
}

TEST(TypedChannelTest, EitherEndMayStartFirst) {
  constexpr absl::Duration kPatience = absl::Minutes(5);
  const ipmpsc::testing::SharedMemoryDirectory directory;
  int round = 0;
  for (const bool sender_creates : {false, true}) {
    for (const bool sender_first : {false, true}) {
      const std::string path = directory / absl::StrCat("frames", ++round);
      const auto open = [&](bool creates) {
        return creates ? camera::FrameChannel::Create(path, Small()).status() : absl::OkStatus();
      };
      const auto send = [&] {
        ASSERT_OK(open(sender_creates));
        ASSERT_OK_AND_ASSIGN(auto sender, camera::FrameSender::Open(path, kPatience));
        ASSERT_OK(sender.Send(SomeFrame(7), kPatience));
      };
      const auto receive = [&] {
        ASSERT_OK(open(!sender_creates));
        ASSERT_OK_AND_ASSIGN(auto receiver, camera::FrameReceiver::Open(path, kPatience));
        ASSERT_OK_AND_ASSIGN(camera::FrameLease frame, receiver.Receive(kPatience));
        EXPECT_EQ(frame->width(), 7);
      };
      ExchangeInOrder(sender_first ? std::function<void()>(send) : receive,
                      sender_first ? std::function<void()>(receive) : send);
    }
  }
}

TEST(TypedChannelTest, OpeningGivesUpAtItsDeadline) {
  const ipmpsc::testing::SharedMemoryDirectory directory;
  const auto never = StatusIs(StatusCode::kDeadlineExceeded, HasSubstr(directory / "none"));
  EXPECT_THAT(camera::FrameSender::Open(directory / "none", absl::Milliseconds(5)), never);
  EXPECT_THAT(camera::FrameReceiver::Open(directory / "none", absl::Milliseconds(5)), never);
  const auto missing = StatusIs(StatusCode::kNotFound, HasSubstr(directory / "none"));
  EXPECT_THAT(camera::FrameSender::Open(directory / "none"), missing);
  EXPECT_THAT(camera::FrameReceiver::Open(directory / "none", absl::ZeroDuration()), missing);
  // The path that the .proto declares.
  ASSERT_EQ(setenv("IPMPSC_DIR", directory.path().c_str(), 1), 0);
  const auto declared = StatusIs(StatusCode::kDeadlineExceeded,
                                 HasSubstr(directory / std::string(camera::FrameChannel::Name())));
  EXPECT_THAT(camera::FrameSender::Open(absl::Milliseconds(5)), declared);
  EXPECT_THAT(camera::FrameReceiver::Open(absl::Milliseconds(5)), declared);
  unsetenv("IPMPSC_DIR");
}

TEST(TypedChannelTest, LatestMessageIsReceivedAndTheOthersAreCounted) {
  const Channel channel = FrameChannelInMemory();
  ASSERT_OK_AND_ASSIGN(auto sender, camera::FrameSender::Attach(channel));
  for (uint32_t i = 1; i <= 2; ++i) ASSERT_OK(sender.TrySend(SomeFrame(i)));
  ipmpsc::ReceiverOptions from_now;
  from_now.start = ipmpsc::ReceiverStart::kNow;
  ASSERT_OK_AND_ASSIGN(auto receiver, camera::FrameReceiver::Attach(channel, from_now));
  EXPECT_OK(sender.WaitUntilReleased(sender.sent_position(), absl::ZeroDuration()));
  EXPECT_EQ(receiver.skipped().messages, 2u);
  for (uint32_t i = 3; i <= 5; ++i) ASSERT_OK(sender.TrySend(SomeFrame(i)));
  {
    ASSERT_OK_AND_ASSIGN(camera::FrameLease frame, receiver.TryReceiveLatest());
    EXPECT_EQ(frame->width(), 5u);
  }
  EXPECT_EQ(receiver.skipped().messages, 4u);
  EXPECT_EQ(receiver.skipped().bytes, 4 * SomeFrame(1).ByteSizeLong());
  // If the newest is malformed, the older ones are gone all the same.
  ASSERT_OK_AND_ASSIGN(auto raw, ipmpsc::Sender::Attach(channel));
  ASSERT_OK(sender.TrySend(SomeFrame(6)));
  ASSERT_OK(raw.TrySend("\x08"));
  EXPECT_THAT(receiver.ReceiveLatest(absl::Seconds(10)), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_EQ(receiver.skipped().messages, 5u);
  EXPECT_THAT(receiver.ReceiveLatest(absl::ZeroDuration()),
              StatusIs(StatusCode::kDeadlineExceeded));
}

TEST(TypedChannelTest, BytesStayInTheRing) {
  const Channel channel = FrameChannelInMemory();
  ASSERT_OK_AND_ASSIGN(auto receiver, camera::FrameReceiver::Attach(channel));
  ASSERT_OK_AND_ASSIGN(auto sender, camera::FrameSender::Attach(channel));
  ASSERT_OK(sender.TrySend(SomeFrame(1)));
  ASSERT_OK_AND_ASSIGN(camera::FrameLease frame, receiver.TryReceive());
  const absl::string_view record = frame->Bytes();
  EXPECT_GT(frame->pixels().data(), record.data());
  EXPECT_LE(frame->pixels().data() + frame->pixels().size(), record.data() + record.size());
}

TEST(TypedChannelTest, EmptyMessageArrives) {
  const Channel channel = FrameChannelInMemory();
  ASSERT_OK_AND_ASSIGN(auto receiver, camera::FrameReceiver::Attach(channel));
  ASSERT_OK_AND_ASSIGN(auto sender, camera::FrameSender::Attach(channel));
  ASSERT_OK(sender.SendWhenEmpty(camera::Frame(), absl::Seconds(10)));
  ASSERT_OK_AND_ASSIGN(camera::FrameLease frame, receiver.TryReceive());
  EXPECT_EQ(frame->Bytes().size(), 0);
  EXPECT_FALSE(frame->has_taken());
  EXPECT_EQ(frame->taken().seconds(), 0);
}

TEST(TypedChannelTest, LeasesAreReleasedInAnyOrderAndOutliveTheReceiver) {
  const Channel channel = FrameChannelInMemory();
  ASSERT_OK_AND_ASSIGN(auto sender, camera::FrameSender::Attach(channel));
  std::vector<camera::FrameLease> leases;
  {
    ASSERT_OK_AND_ASSIGN(auto receiver, camera::FrameReceiver::Attach(channel));
    for (uint32_t i = 0; i < 4; ++i) {
      ASSERT_OK(sender.TrySend(SomeFrame(i)));
      ASSERT_OK_AND_ASSIGN(camera::FrameLease frame, receiver.TryReceive());
      leases.push_back(std::move(frame));
    }
    leases.erase(leases.begin() + 1);
  }
  EXPECT_EQ(leases[0]->width(), 0);
  EXPECT_EQ(leases[1]->width(), 2);
  EXPECT_EQ(leases[2]->faces(1).x(), 1);
  EXPECT_LT(leases[0].position(), leases[1].position());
  leases.clear();
  EXPECT_OK(sender.SendWhenEmpty(SomeFrame(9), absl::Seconds(10)));
}

TEST(TypedChannelTest, MalformedMessageIsReportedAndSkipped) {
  const Channel channel = FrameChannelInMemory();
  ASSERT_OK_AND_ASSIGN(auto receiver, camera::FrameReceiver::Attach(channel));
  ASSERT_OK_AND_ASSIGN(auto raw, ipmpsc::Sender::Attach(channel));
  ASSERT_OK_AND_ASSIGN(auto sender, camera::FrameSender::Attach(channel));
  ASSERT_OK(sender.TrySend(SomeFrame(1)));
  ASSERT_OK(raw.TrySend("\x08"));
  ASSERT_OK(sender.TrySend(SomeFrame(2)));
  ASSERT_OK_AND_ASSIGN(camera::FrameLease first, receiver.TryReceive());
  const uint64_t position = first.position();
  std::move(first).Release();
  EXPECT_THAT(receiver.TryReceive(), StatusIs(StatusCode::kInvalidArgument,
                                              AllOf(HasSubstr("ipmpsc_test.camera.Frame"),
                                                    HasSubstr("1 bytes"), HasSubstr("position "))));
  ASSERT_OK_AND_ASSIGN(camera::FrameLease second, receiver.TryReceive());
  EXPECT_EQ(second->width(), 2);
  EXPECT_GT(second.position(), position);
  std::move(second).Release();
  EXPECT_OK(sender.SendWhenEmpty(SomeFrame(3), absl::Seconds(10)));  // all space is free
}

TEST(TypedChannelTest, MissingRequiredFieldIsNotSent) {
  ASSERT_OK_AND_ASSIGN(Channel channel, legacy::ReadingChannel::CreateAnonymous(Small()));
  ASSERT_OK_AND_ASSIGN(auto sender, legacy::ReadingSender::Attach(channel));
  EXPECT_THAT(sender.TrySend(legacy::Reading()),
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("ipmpsc_test.legacy.Reading"), HasSubstr("sensor"))));
}

TEST(TypedChannelTest, MissingRequiredFieldIsNotReceived) {
  ASSERT_OK_AND_ASSIGN(Channel channel, legacy::ReadingChannel::CreateAnonymous(Small()));
  ASSERT_OK_AND_ASSIGN(auto receiver, legacy::ReadingReceiver::Attach(channel));
  ASSERT_OK_AND_ASSIGN(auto raw, ipmpsc::Sender::Attach(channel));
  ASSERT_OK(raw.TrySend(""));
  EXPECT_THAT(receiver.TryReceive(), StatusIs(StatusCode::kInvalidArgument));
}

TEST(TypedChannelTest, TooLongMessageIsAnError) {
  const Channel channel = FrameChannelInMemory();
  ASSERT_OK_AND_ASSIGN(auto sender, camera::FrameSender::Attach(channel));
  camera::Frame frame;
  frame.set_pixels(std::string(20000, 'x'));
  EXPECT_THAT(sender.TrySend(frame), StatusIs(StatusCode::kInvalidArgument));
  frame.set_pixels(std::string(15000, 'x'));
  ASSERT_OK(sender.TrySend(frame));
  EXPECT_THAT(sender.TrySend(frame), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(sender.Send(frame, absl::Milliseconds(1)), StatusIs(StatusCode::kDeadlineExceeded));
  EXPECT_THAT(sender.SendWhenEmpty(frame, absl::Milliseconds(1)),
              StatusIs(StatusCode::kDeadlineExceeded));
}

TEST(TypedChannelTest, ReceiveTimesOut) {
  ASSERT_OK_AND_ASSIGN(auto receiver, camera::FrameReceiver::Attach(FrameChannelInMemory()));
  EXPECT_THAT(receiver.Receive(absl::Milliseconds(1)), StatusIs(StatusCode::kDeadlineExceeded));
}

TEST(TypedChannelTest, DrainCallsForEach) {
  const Channel channel = FrameChannelInMemory();
  ASSERT_OK_AND_ASSIGN(auto receiver, camera::FrameReceiver::Attach(channel));
  ASSERT_OK_AND_ASSIGN(auto sender, camera::FrameSender::Attach(channel));
  std::vector<uint32_t> widths;
  const auto handler = [&](const camera::FrameView& frame) {
    widths.push_back(frame.width());
    EXPECT_EQ(frame.faces_size(), 3);
  };
  EXPECT_THAT(receiver.Drain(handler), StatusIs(StatusCode::kUnavailable));
  for (uint32_t i = 0; i < 5; ++i) ASSERT_OK(sender.TrySend(SomeFrame(i)));
  ASSERT_OK_AND_ASSIGN(const size_t first, receiver.Drain(handler, 2));
  EXPECT_EQ(first, 2);
  ASSERT_OK_AND_ASSIGN(const size_t rest, receiver.Drain(handler));
  EXPECT_EQ(rest, 3);
  EXPECT_THAT(widths, ::testing::ElementsAre(0, 1, 2, 3, 4));
  EXPECT_OK(sender.SendWhenEmpty(SomeFrame(9), absl::Seconds(10))) << "all are released";
}

TEST(TypedChannelTest, DrainReportsMalformedMessages) {
  const Channel channel = FrameChannelInMemory();
  ASSERT_OK_AND_ASSIGN(auto receiver, camera::FrameReceiver::Attach(channel));
  ASSERT_OK_AND_ASSIGN(auto raw, ipmpsc::Sender::Attach(channel));
  ASSERT_OK_AND_ASSIGN(auto sender, camera::FrameSender::Attach(channel));
  ASSERT_OK(raw.TrySend("\x08"));
  ASSERT_OK(sender.TrySend(SomeFrame(1)));
  ASSERT_OK(raw.TrySend("\x08\x08\x08"));
  int handled = 0;
  EXPECT_THAT(receiver.Drain([&](const camera::FrameView&) { ++handled; }),
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("2 of 3 messages"), HasSubstr("position 0, 1 bytes"))));
  EXPECT_EQ(handled, 1);
  EXPECT_THAT(receiver.TryReceive(), StatusIs(StatusCode::kUnavailable));
}

TEST(TypedChannelTest, RangeGoesToTheEndOfTheChannel) {
  Channel channel = FrameChannelInMemory();
  ASSERT_OK_AND_ASSIGN(auto receiver, camera::FrameReceiver::Attach(channel));
  ASSERT_OK_AND_ASSIGN(auto raw, ipmpsc::Sender::Attach(channel));
  ASSERT_OK_AND_ASSIGN(auto sender, camera::FrameSender::Attach(channel));
  for (uint32_t i = 0; i < 4; ++i) ASSERT_OK(sender.TrySend(SomeFrame(i)));
  ASSERT_OK(raw.TrySend("\x08"));
  ASSERT_OK(sender.TrySend(SomeFrame(4)));
  channel.Close();

  auto messages = receiver.Messages();
  std::vector<camera::FrameLease> kept;
  uint32_t next = 0;
  for (camera::FrameLease& frame : messages) {
    EXPECT_EQ(frame->width(), next++);
    EXPECT_OK(messages.status());
    if (next == 2) kept.push_back(std::move(frame));
  }
  EXPECT_EQ(next, 4);
  EXPECT_THAT(messages.status(), StatusIs(StatusCode::kInvalidArgument));
  for (camera::FrameLease& frame : messages) EXPECT_EQ(frame->width(), next++);
  EXPECT_EQ(next, 5);
  EXPECT_THAT(messages.status(), StatusIs(StatusCode::kOutOfRange));
  EXPECT_EQ(kept[0]->width(), 1);
}

TEST(TypedChannelTest, RangeEndsAtItsDeadline) {
  ASSERT_OK_AND_ASSIGN(auto receiver, camera::FrameReceiver::Attach(FrameChannelInMemory()));
  auto messages = receiver.Messages(absl::Milliseconds(1));
  EXPECT_TRUE(messages.begin() == messages.end());
  EXPECT_THAT(messages.status(), StatusIs(StatusCode::kDeadlineExceeded));
}

// The sender, the receiver and the channel refuse with the same error.
void ExpectRefused(const Channel& channel, const ::testing::Matcher<const std::string&>& message) {
  const auto refused = [&] { return StatusIs(StatusCode::kFailedPrecondition, message); };
  EXPECT_THAT(camera::FrameSender::Attach(channel), refused());
  EXPECT_THAT(camera::FrameReceiver::Attach(channel), refused());
  EXPECT_THAT(camera::FrameChannel::Check(channel), refused());
}

Channel DescribedAs(const std::string& description) {
  ChannelOptions options = Small();
  options.description = description;
  absl::StatusOr<Channel> channel = Channel::CreateAnonymous(options);
  EXPECT_OK(channel);
  return *std::move(channel);
}

TEST(TypedChannelTest, OtherMessageTypeIsRefused) {
  ASSERT_OK_AND_ASSIGN(Channel channel, legacy::ReadingChannel::CreateAnonymous(Small()));
  ExpectRefused(channel, AllOf(HasSubstr("ipmpsc_test.legacy.Reading"),
                               HasSubstr("ipmpsc_test.camera.Frame")));
}

// Returns a channel of frames with a changed schema.
template <typename Change>
Channel FrameChannelWithOtherSchema(Change change) {
  ipmpsc::ChannelInfo info;
  EXPECT_TRUE(info.ParseFromString(ipmpsc::schema::Describe(camera::FrameChannel::kType)));
  info.set_fingerprint(info.fingerprint() + 1);
  change(
      info.mutable_schema()->mutable_file(info.schema().file_size() - 1)->mutable_message_type(0));
  return DescribedAs(info.SerializeAsString());
}

TEST(TypedChannelTest, OtherSchemaIsRefused) {
  const Channel channel = FrameChannelWithOtherSchema([](auto* frame) {
    frame->mutable_field(0)->set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
  });
  ExpectRefused(channel, HasSubstr("ipmpsc_test.camera.Frame.width: field 1 is uint32 here, string "
                                   "in the channel"));
}

TEST(TypedChannelTest, CompatibleSchemaIsReported) {
  const Channel channel = FrameChannelWithOtherSchema(
      [](auto* frame) { frame->mutable_field(0)->set_name("breadth"); });
  EXPECT_OK(camera::FrameChannel::Check(channel));
  ASSERT_OK_AND_ASSIGN(const auto sender, camera::FrameSender::Attach(channel));
  ASSERT_OK_AND_ASSIGN(const auto receiver, camera::FrameReceiver::Attach(channel));
  const auto told = ::testing::ElementsAre(
      "ipmpsc_test.camera.Frame.width: field 1 is called breadth in the channel");
  EXPECT_THAT(sender.schema_differences(), told);
  EXPECT_THAT(receiver.schema_differences(), told);
}

TEST(TypedChannelTest, SchemaMayFitOneEndOnly) {
  const Channel channel = FrameChannelWithOtherSchema([](auto* frame) {
    frame->mutable_field(0)->set_type(google::protobuf::FieldDescriptorProto::TYPE_UINT64);
  });
  EXPECT_OK(camera::FrameChannel::Check(channel));
  EXPECT_OK(camera::FrameSender::Attach(channel));
  EXPECT_THAT(camera::FrameReceiver::Attach(channel),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("uint32 here, uint64")));
}

TEST(TypedChannelTest, SameSchemaHasNoDifferences) {
  const Channel channel = FrameChannelInMemory();
  ASSERT_OK_AND_ASSIGN(const auto sender, camera::FrameSender::Attach(channel));
  ASSERT_OK_AND_ASSIGN(const auto receiver, camera::FrameReceiver::Attach(channel));
  EXPECT_THAT(sender.schema_differences(), ::testing::IsEmpty());
  EXPECT_THAT(receiver.schema_differences(), ::testing::IsEmpty());
}

TEST(TypedChannelTest, ChannelOfRawBytesIsRefused) {
  ExpectRefused(DescribedAs(""), AllOf(HasSubstr("raw bytes"), HasSubstr("camera.Frame")));
}

TEST(TypedChannelTest, NonsenseDescriptionIsRefused) {
  ExpectRefused(DescribedAs("nonsense"), HasSubstr("not an ipmpsc.ChannelInfo"));
  ExpectRefused(DescribedAs(std::string("\x0a\xff", 2)), HasSubstr("not an ipmpsc.ChannelInfo"));
  ExpectRefused(DescribedAs(std::string("\x19\x01", 2)), HasSubstr("not an ipmpsc.ChannelInfo"));
}

TEST(TypedChannelTest, OpenByPath) {
  const ipmpsc::testing::SharedMemoryDirectory directory;
  const std::string path = directory / "frames";
  EXPECT_THAT(camera::FrameSender::Open(path), StatusIs(StatusCode::kNotFound, HasSubstr(path)));
  EXPECT_THAT(camera::FrameReceiver::Open(path), StatusIs(StatusCode::kNotFound, HasSubstr(path)));
  EXPECT_THAT(camera::FrameChannel::Open(path), StatusIs(StatusCode::kNotFound, HasSubstr(path)));
  EXPECT_THAT(camera::FrameChannel::Open(path, {absl::Milliseconds(5)}),
              StatusIs(StatusCode::kDeadlineExceeded, HasSubstr(path)));
  ASSERT_OK(camera::FrameChannel::Create(path, Small()));
  ASSERT_OK_AND_ASSIGN(auto sender, camera::FrameSender::Open(path));
  ASSERT_OK_AND_ASSIGN(auto receiver, camera::FrameReceiver::Open(path));
  ASSERT_OK_AND_ASSIGN(Channel channel, camera::FrameChannel::Open(path));
  EXPECT_EQ(sender.channel().id(), channel.id());
  EXPECT_EQ(receiver.channel().id(), channel.id());
  EXPECT_THAT(camera::FrameReceiver::Open(path), StatusIs(StatusCode::kAlreadyExists));
  EXPECT_THAT(legacy::ReadingChannel::Open(path), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(camera::FrameChannel::Create(path, Small()), StatusIs(StatusCode::kAlreadyExists));
  ChannelOptions options = Small();
  options.exist_policy = ipmpsc::ExistPolicy::kOpen;
  EXPECT_THAT(camera::FrameChannel::Create(path, options), IsOk());
  EXPECT_THAT(legacy::ReadingChannel::Create(path, options),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("ipmpsc_test.legacy.Reading")));
}

TEST(TypedChannelTest, DeclaredChannelGivesTheDefaults) {
  const ChannelOptions options = camera::FrameChannel::Options();
  EXPECT_EQ(options.capacity, 67108864);
  EXPECT_EQ(options.max_senders, 16);
  EXPECT_EQ(camera::FrameChannel::Name(), "ipmpsc_test.camera.frames");
  EXPECT_EQ(camera::FrameChannel::Path(), "/dev/shm/ipmpsc_test.camera.frames");
  EXPECT_EQ(legacy::ReadingChannel::Options().capacity, ChannelOptions().capacity);
  EXPECT_EQ(legacy::ReadingChannel::Options().max_senders, ChannelOptions().max_senders);
  ASSERT_OK_AND_ASSIGN(Channel channel, camera::FrameChannel::CreateTemp());
  EXPECT_EQ(channel.capacity(), 67108864);
  EXPECT_EQ(channel.max_senders(), 16);
}

}  // namespace
}  // namespace ipmpsc_test
