// Tests loans through a channel: FrameLoan from FrameSender to FrameReceiver.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/codegen/ends.h"
#include "tests/codegen/protos/aligned.ipmpsc.h"
#include "tests/codegen/protos/aligned.pb.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/frame.pb.h"
#include "tests/codegen/protos/legacy.ipmpsc.h"
#include "tests/codegen/protos/legacy.pb.h"
#include "tests/codegen/protos/lite.ipmpsc.h"
#include "tests/codegen/protos/lite.pb.h"
#include "tests/codegen/protos/proto2.ipmpsc.h"
#include "tests/codegen/protos/proto2.pb.h"
#include "tests/codegen/protos/proto3.ipmpsc.h"
#include "tests/codegen/protos/proto3.pb.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc_test {
namespace {

using ::absl::StatusCode;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr absl::Duration kLong = absl::Seconds(10);

using Frames = Ends<camera::FrameChannel, camera::FrameSender, camera::FrameReceiver>;
using Readings = Ends<legacy::ReadingChannel, legacy::ReadingSender, legacy::ReadingReceiver>;
using Pictures = Ends<aligned::PictureChannel, aligned::PictureSender, aligned::PictureReceiver>;
using Trees = Ends<TreeChannel, TreeSender, TreeReceiver>;

void Fill(absl::Span<char> space, absl::string_view bytes) {
  ASSERT_EQ(space.size(), bytes.size());
  std::memcpy(space.data(), bytes.data(), bytes.size());
}

TEST(LoanTest, IsReceivedAsItWasWritten) {
  Frames frames;
  ASSERT_OK_AND_ASSIGN(camera::FrameLoan loan, frames.sender.Claim(1000, kLong));
  loan.set_width(1920);
  loan.set_height(1080);
  Fill(loan.mutable_pixels(5), "hello");
  loan.set_format(camera::FORMAT_RGB);
  loan.mutable_taken().set_seconds(1700000000);
  loan.add_gains(0.5f);
  loan.add_gains({1.5f, 2.5f});
  {
    camera::FrameWriter::RegionWriter face = loan.add_faces();
    face.set_x(3);
    face.add_inside().set_y(4);
    face.add_inside();
  }
  loan.add_faces();
  loan.set_device("lens");
  loan.add_counters("drops", 2);
  EXPECT_THAT(frames.receiver.TryReceive(), StatusIs(StatusCode::kUnavailable));
  ASSERT_OK(std::move(loan).Publish());

  ASSERT_OK_AND_ASSIGN(const camera::FrameLease frame, frames.receiver.Receive(kLong));
  EXPECT_EQ(frame->width(), 1920);
  EXPECT_EQ(frame->pixels(), "hello");
  EXPECT_EQ(frame->format(), camera::FORMAT_RGB);
  EXPECT_EQ(frame->taken().seconds(), 1700000000);
  ASSERT_EQ(frame->gains_size(), 3);
  EXPECT_EQ(frame->gains(0) + frame->gains(1) + frame->gains(2), 4.5f);
  ASSERT_EQ(frame->faces_size(), 2);
  EXPECT_EQ(frame->faces(0).x(), 3);
  ASSERT_EQ(frame->faces(0).inside_size(), 2);
  EXPECT_EQ(frame->faces(0).inside(0).y(), 4);
  EXPECT_EQ(frame->device(), "lens");
  EXPECT_EQ((*frame->counters().find("drops")).value(), 2);
  EXPECT_EQ(frame->ToMessage().faces(0).inside_size(), 2);
}

TEST(LoanTest, UnusedBytesAreReleased) {
  Frames frames;
  for (uint32_t i = 1; i < 10; ++i) {
    // Takes nearly the whole ring, so the unused rest of the last loan must be free again.
    camera::FrameLoan loan = frames.Lend(60000);
    loan.set_width(i);
    ASSERT_OK(std::move(loan).Publish());
    ASSERT_OK_AND_ASSIGN(const camera::FrameLease frame, frames.receiver.TryReceive());
    EXPECT_EQ(frame->width(), i);
    EXPECT_EQ(frame->Bytes().size(), 2);
    EXPECT_THAT(frames.receiver.TryReceive(), StatusIs(StatusCode::kUnavailable));
  }
}

TEST(LoanTest, UnpublishedLoanIsDiscarded) {
  Frames frames;
  frames.Lend(100).set_width(1);
  ASSERT_OK(frames.sender.TrySend(camera::Frame()));
  ASSERT_OK_AND_ASSIGN(const camera::FrameLease frame, frames.receiver.TryReceive());
  EXPECT_EQ(frame->width(), 0);
  EXPECT_THAT(frames.receiver.TryReceive(), StatusIs(StatusCode::kUnavailable));
}

TEST(LoanTest, SenderHasOneOpenLoanAtMost) {
  Frames frames;
  std::optional<camera::FrameLoan> loan = frames.Lend(100);
  EXPECT_THAT(frames.sender.TryClaim(1), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(frames.sender.TrySend(camera::Frame()), StatusIs(StatusCode::kFailedPrecondition));
  loan.reset();
  EXPECT_OK(frames.sender.TryClaim(1));
}

TEST(LoanTest, ImpossibleBoundsAreRefused) {
  Frames frames;
  EXPECT_THAT(frames.sender.TryClaim(65536), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(frames.sender.TryClaim(size_t{1} << 31),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("ipmpsc_test.camera.Frame")));
  EXPECT_THAT(frames.sender.ClaimWhenEmpty(~size_t{0}, kLong),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST(LoanTest, WaitsAsSendDoes) {
  Frames frames;
  ASSERT_OK(frames.Lend(10).Publish());
  EXPECT_THAT(frames.sender.ClaimWhenEmpty(10, absl::Milliseconds(1)),
              StatusIs(StatusCode::kDeadlineExceeded));
  EXPECT_THAT(frames.sender.TryClaim(65500), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(frames.sender.Claim(65500, absl::Milliseconds(1)),
              StatusIs(StatusCode::kDeadlineExceeded));
  ASSERT_OK(frames.receiver.TryReceive());
  // Steps over the unused rest of the loan.
  EXPECT_THAT(frames.receiver.TryReceive(), StatusIs(StatusCode::kUnavailable));
  EXPECT_OK(frames.sender.ClaimWhenEmpty(10, kLong));
}

TEST(LoanTest, TooSmallBoundIsAnError) {
  Frames frames;
  camera::FrameLoan loan = frames.Lend(10);
  loan.set_width(1);
  EXPECT_TRUE(loan.mutable_pixels(100).empty());
  loan.set_height(2);  // not written, though it would fit
  loan.mutable_taken().set_seconds(5);
  EXPECT_THAT(std::move(loan).Publish(),
              StatusIs(StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("ipmpsc_test.camera.Frame"), HasSubstr("110 bytes"),
                             HasSubstr("the 10 that were claimed"))));
  EXPECT_THAT(frames.receiver.TryReceive(), StatusIs(StatusCode::kUnavailable));
  EXPECT_OK(frames.sender.SendWhenEmpty(camera::Frame(), kLong)) << "its space was given back";
}

TEST(LoanTest, LastValueCountsAndMessagesAreMerged) {
  Frames frames;
  camera::FrameLoan loan = frames.Lend(1000);
  loan.set_width(1);
  loan.set_width(0);
  loan.set_device("lens");
  loan.mutable_cut_from().set_x(1);
  loan.mutable_cut_from().set_y(2);
  loan.add_counters("a", 1);
  loan.add_counters("a", 2);
  ASSERT_OK(std::move(loan).Publish());
  ASSERT_OK_AND_ASSIGN(const camera::FrameLease frame, frames.receiver.TryReceive());
  EXPECT_EQ(frame->width(), 0);
  EXPECT_EQ(frame->source_case(), camera::FrameView::kCutFrom);
  EXPECT_EQ(frame->cut_from().x(), 1);
  EXPECT_EQ(frame->cut_from().y(), 2);
  ASSERT_EQ(frame->counters_size(), 1);
  EXPECT_EQ((*frame->counters().find("a")).value(), 2);
}

TEST(LoanTest, TextThatIsNotUtf8IsNotPublished) {
  Frames frames;
  camera::FrameLoan loan = frames.Lend(1000);
  loan.set_comment("\xff");
  EXPECT_THAT(std::move(loan).Publish(),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("ipmpsc_test.camera.Frame.comment is not UTF-8")));
  loan = frames.Lend(1000);
  loan.add_counters("\xff", 1);
  EXPECT_THAT(std::move(loan).Publish(),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("CountersEntry.key")));
  // Text that the caller wrote in place is checked last.
  for (const absl::string_view text : {"\xc3\xa4", "\xc3+"}) {
    loan = frames.Lend(1000);
    const absl::Span<char> comment = loan.mutable_comment(2);
    loan.mutable_taken().set_nanos(1);
    Fill(comment, text);
    EXPECT_EQ(std::move(loan).Publish().ok(), text == "\xc3\xa4");
  }
  ASSERT_OK_AND_ASSIGN(const camera::FrameLease frame, frames.receiver.TryReceive());
  EXPECT_EQ(frame->comment(), "\xc3\xa4");
  EXPECT_THAT(frames.receiver.TryReceive(), StatusIs(StatusCode::kUnavailable));
}

TEST(LoanTest, RequiredFieldMustBeSet) {
  Readings readings;
  legacy::ReadingLoan loan = readings.Lend(100);
  loan.set_value(1);
  EXPECT_THAT(std::move(loan).Publish(),
              StatusIs(StatusCode::kInvalidArgument,
                       "ipmpsc_test.legacy.Reading.sensor is required but not set"));
  loan = readings.Lend(100);
  Fill(loan.mutable_sensor(1), "s");
  legacy::ReadingLoan moved = std::move(loan);
  EXPECT_OK(std::move(moved).Publish());
  ASSERT_OK_AND_ASSIGN(const legacy::ReadingLease reading, readings.receiver.TryReceive());
  EXPECT_EQ(reading->sensor(), "s");
}

TEST(LoanTest, RequiredFieldWithinMustBeSet) {
  Ends<v2::RequiredInsideChannel, v2::RequiredInsideSender, v2::RequiredInsideReceiver> ends;
  for (const bool complete : {false, true}) {
    auto loan = ends.Lend(1000);
    loan.mutable_defaults();
    auto inner = loan.add_named("a");
    inner.set_number(1);
    inner.set_text("t");
    if (complete) inner.set_level(v2::HIGH);
    const absl::Status published = std::move(loan).Publish();
    if (complete) {
      EXPECT_OK(published);
    } else {
      EXPECT_THAT(published, StatusIs(StatusCode::kInvalidArgument,
                                      HasSubstr("v2.Required.level is required")));
    }
  }
  ASSERT_OK_AND_ASSIGN(const auto lease, ends.receiver.TryReceive());
  EXPECT_EQ((*lease->named().find("a")).value().level(), v2::HIGH);
}

TEST(LoanTest, UnknownNumberOfAClosedEnumIsNotPublished) {
  Readings readings;
  legacy::ReadingLoan loan = readings.Lend(100);
  loan.set_sensor("s");
  loan.set_level(static_cast<legacy::Level>(5));
  EXPECT_THAT(std::move(loan).Publish(),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("legacy.Reading.level is 5")));
  for (const auto level : {legacy::LOW, legacy::MIDDLE, legacy::HIGH}) {
    loan = readings.Lend(100);
    loan.set_sensor("s");
    loan.set_level(level);
    EXPECT_OK(std::move(loan).Publish());
  }
  for (const int level : {-2, 0, 2, 5}) {
    loan = readings.Lend(100);
    loan.set_sensor("s");
    loan.set_level(static_cast<legacy::Level>(level));
    EXPECT_THAT(std::move(loan).Publish(), StatusIs(StatusCode::kInvalidArgument)) << level;
  }
}

// Nests `levels` trees, and a map's entry in the innermost one on request.
void Nest(int levels, TreeWriter* tree) {
  if (levels == 0) return;
  TreeWriter child = tree->mutable_left();
  Nest(levels - 1, &child);
}

TEST(LoanTest, NoDeeperThanParsersGo) {
  Trees trees;
  TreeLoan deep = trees.Lend(5000);
  Nest(100, &deep);
  EXPECT_OK(std::move(deep).Publish());
  ASSERT_OK(trees.receiver.TryReceive());
  TreeLoan deeper = trees.Lend(5000);
  Nest(101, &deeper);
  EXPECT_THAT(std::move(deeper).Publish(),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("100 deep")));
}

void NestMaps(int levels, MapsWriter* maps) {
  if (levels == 0) {
    maps->add_by_int32(1, 1);
    return;
  }
  MapsWriter child = maps->add_by_string("k");
  NestMaps(levels - 1, &child);
}

TEST(LoanTest, NoMapDeeperThanParsersGo) {
  Ends<MapsChannel, MapsSender, MapsReceiver> maps;
  // An entry and its value are one level each.
  MapsLoan deep = maps.Lend(5000);
  NestMaps(49, &deep);
  EXPECT_OK(std::move(deep).Publish());
  ASSERT_OK(maps.receiver.TryReceive());
  MapsLoan deeper = maps.Lend(5000);
  NestMaps(50, &deeper);
  EXPECT_THAT(std::move(deeper).Publish(),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("100 deep")));
}

bool IsAligned(absl::string_view bytes, size_t alignment) {
  return reinterpret_cast<uintptr_t>(bytes.data()) % alignment == 0;
}

TEST(LoanTest, AlignedInTheSenderAndInTheReceiver) {
  Pictures pictures;
  for (size_t before = 0; before < 200; ++before) {
    aligned::PictureLoan loan = pictures.Lend(before + 3 * 4096);
    loan.set_plain(std::string(before, 'x'));
    const absl::Span<char> pixels = loan.mutable_pixels(7);
    EXPECT_TRUE(IsAligned({pixels.data(), 7}, 64));
    aligned::PictureWriter inside = loan.add_inside();
    inside.set_name("n");
    inside.set_depth("depth");
    inside.set_mask("");
    inside.set_mask("mask");
    Fill(pixels, "pixels!");
    ASSERT_OK(std::move(loan).Publish());
    ASSERT_OK_AND_ASSIGN(const aligned::PictureLease got, pictures.receiver.TryReceive());
    EXPECT_EQ(got->plain().size(), before);
    EXPECT_EQ(got->pixels(), "pixels!");
    EXPECT_TRUE(IsAligned(got->pixels(), 64));
    EXPECT_EQ(got->inside(0).name(), "n");
    EXPECT_TRUE(IsAligned(got->inside(0).name(), 2));
    EXPECT_EQ(got->inside(0).depth(), "depth");
    EXPECT_TRUE(IsAligned(got->inside(0).depth(), 4096));
    EXPECT_EQ(got->inside(0).mask(), "mask");
    EXPECT_TRUE(IsAligned(got->inside(0).mask(), 16));
    EXPECT_EQ(got->ToMessage().inside(0).depth(), "depth");
  }
}

TEST(LoanTest, BoundOfAnAlignedFieldIsAtMostFiveBytesMore) {
  Pictures pictures;
  for (int i = 0; i < 100; ++i) {
    // Lets the record begin at each multiple of 16 in turn.
    ASSERT_OK(pictures.sender.TrySend(aligned::Picture()));
    ASSERT_OK(pictures.receiver.TryReceive());
    aligned::Picture wanted;
    wanted.set_depth("depth");
    aligned::PictureLoan loan = pictures.Lend(wanted.ByteSizeLong() + 4096 + 5);
    loan.set_depth("depth");
    ASSERT_OK(std::move(loan).Publish());
    ASSERT_OK(pictures.receiver.TryReceive());
  }
}

TEST(LoanTest, NumbersInPlace) {
  Pictures pictures;
  for (size_t before = 0; before < 200; before += 3) {
    aligned::PictureLoan loan = pictures.Lend(before + 5 * 4096);
    loan.set_plain(std::string(before, 'x'));
    EXPECT_TRUE(loan.mutable_points(0).empty());
    const absl::Span<float> points = loan.mutable_points(5);
    ASSERT_EQ(points.size(), 5);
    aligned::PictureWriter inside = loan.add_inside();
    inside.add_points({1.5f, 2.5f});
    inside.add_times({7, 8, 9});
    const absl::Span<double> numbers = inside.mutable_plain_numbers(3);
    ASSERT_EQ(numbers.size(), 3);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(numbers.data()) % alignof(double), 0);
    inside.set_name("after");
    for (size_t i = 0; i < 3; ++i) numbers[i] = static_cast<double>(i) / 4;
    for (size_t i = 0; i < 5; ++i) points[i] = static_cast<float>(i) / 2;
    ASSERT_OK(std::move(loan).Publish());
    ASSERT_OK_AND_ASSIGN(const aligned::PictureLease got, pictures.receiver.TryReceive());
    ASSERT_EQ(got->points_size(), 5);
    const float* const read = got->points().data();
    ASSERT_NE(read, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(read) % 64, 0);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(read[i], static_cast<float>(i) / 2);
    const aligned::PictureView& within = got->inside(0);
    ASSERT_NE(within.points().data(), nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(within.points().data()) % 64, 0);
    EXPECT_EQ(within.points(1), 2.5f);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(within.times().data()) % 4096, 0);
    EXPECT_EQ(within.times(2), 9);
    ASSERT_NE(within.plain_numbers().data(), nullptr);
    EXPECT_EQ(within.plain_numbers().data()[2], 0.5);
    const aligned::Picture message = got->ToMessage();
    EXPECT_EQ(message.points(4), 2.0f);
    EXPECT_EQ(message.points_size(), 5);
    EXPECT_EQ(message.inside(0).times_size(), 3);
    EXPECT_EQ(message.inside(0).plain_numbers(1), 0.25);
    EXPECT_EQ(message.inside(0).name(), "after");
  }
}

TEST(LoanTest, NumbersInSeveralPieces) {
  Pictures pictures;
  aligned::PictureLoan loan = pictures.Lend(1000);
  loan.mutable_points(1)[0] = 1;
  loan.add_points(2);
  loan.add_points({3, 4});
  ASSERT_OK(std::move(loan).Publish());
  ASSERT_OK_AND_ASSIGN(const aligned::PictureLease got, pictures.receiver.TryReceive());
  ASSERT_EQ(got->points_size(), 4);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(got->points(i), static_cast<float>(i + 1));
}

TEST(LoanTest, NumbersThatDoNotFit) {
  for (const size_t count : {size_t{100}, ~size_t{0}, ~size_t{0} / 4, ~size_t{0} / 8}) {
    Pictures pictures;
    aligned::PictureLoan loan = pictures.Lend(100);
    EXPECT_TRUE(loan.mutable_points(count).empty());
    EXPECT_TRUE(loan.mutable_times(count).empty());
    EXPECT_THAT(std::move(loan).Publish(), StatusIs(StatusCode::kResourceExhausted));
  }
}

// Messages of the lite runtime have no reflection.
TEST(LoanTest, LiteRuntime) {
  Ends<lite::LiteChannel, lite::LiteSender, lite::LiteReceiver> ends;
  lite::Lite message;
  (*message.mutable_inside())["a"].set_text("deep");
  ASSERT_OK(ends.sender.TrySend(message));
  {
    ASSERT_OK_AND_ASSIGN(const lite::LiteLease got, ends.receiver.TryReceive());
    EXPECT_EQ(got->ToMessage().SerializeAsString(), message.SerializeAsString());
  }
  lite::LiteLoan loan = ends.Lend(100);
  loan.add_inside("a").set_text("deep");
  ASSERT_OK(std::move(loan).Publish());
  ASSERT_OK_AND_ASSIGN(const lite::LiteLease got, ends.receiver.TryReceive());
  EXPECT_EQ(got->Bytes(), message.SerializeAsString());
}

}  // namespace
}  // namespace ipmpsc_test
