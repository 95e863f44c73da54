// Tests that a hostile peer can make a typed sender or receiver allocate only a bounded amount, and
// that a failed allocation loses and leaks nothing.
#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/schema/description.h"
#include "ipmpsc/schema/schema_differences.h"
#include "ipmpsc/view/arena.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/frame.pb.h"
#include "tests/codegen/schema_text.h"
#include "tests/testing/status_matchers.h"

namespace {

// Bytes from operator new.
size_t live_bytes = 0;
size_t peak_bytes = 0;
// The number of allocations that succeed, and then of those that fail.
uint64_t before_failures = 0;
uint64_t failures = 0;

void* Allocate(size_t size) {
  if (failures != 0) {
    if (before_failures == 0) {
      --failures;
      return nullptr;
    }
    --before_failures;
  }
  void* const memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  live_bytes += malloc_usable_size(memory);
  peak_bytes = std::max(peak_bytes, live_bytes);
  return memory;
}

void* AllocateOrThrow(size_t size) {
  void* const memory = Allocate(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void Free(void* memory) {
  if (memory != nullptr) live_bytes -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

// Replaces all of them, since a sanitizer pairs each with its own counterpart.
void* operator new(size_t size) { return AllocateOrThrow(size); }
void* operator new[](size_t size) { return AllocateOrThrow(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete[](void* memory) noexcept { Free(memory); }
void operator delete(void* memory, size_t) noexcept { Free(memory); }
void operator delete[](void* memory, size_t) noexcept { Free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { Free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { Free(memory); }

namespace ipmpsc_test {
namespace {

using ::absl::StatusCode;
using ::ipmpsc::schema::CheckDescription;
using ::ipmpsc::schema::End;
using ::ipmpsc::schema::kDescriptionLimit;
using ::ipmpsc::testing::StatusIs;
using ::testing::HasSubstr;

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kMaxDescription = 4 * kMiB;

std::string Varint(uint64_t value) {
  std::string wire;
  for (; value >= 128; value >>= 7) wire.push_back(static_cast<char>(value | 128));
  wire.push_back(static_cast<char>(value));
  return wire;
}

std::string Delimited(uint32_t number, absl::string_view body) {
  return absl::StrCat(Varint(number << 3 | 2), Varint(body.size()), body);
}

// Returns the description of a channel of p.M whose only file is `file`.
std::string DescriptionOf(absl::string_view file) {
  return absl::StrCat(Delimited(1, "p.M"), Delimited(2, Delimited(1, file)));
}

// Returns many different pieces.
template <typename Piece>
std::string Many(size_t size, Piece piece) {
  std::string wire;
  for (uint32_t i = 0; wire.size() < size; ++i) wire += piece(i);
  return wire;
}

std::string ShortName(uint32_t i) {
  std::string name;
  for (; i != 0 || name.empty(); i /= 26) name.push_back(static_cast<char>('a' + i % 26));
  return name;
}

struct DescriptionBomb {
  const char* name;
  std::string (*file)(size_t size);
};

const DescriptionBomb kDescriptionBombs[] = {
    {"EmptyMessages",
     [](size_t size) { return Many(size, [](uint32_t) { return Delimited(4, ""); }); }},
    {"EmptyEnums",
     [](size_t size) { return Many(size, [](uint32_t) { return Delimited(5, ""); }); }},
    {"Messages",
     [](size_t size) {
       return Many(size, [](uint32_t i) { return Delimited(4, Delimited(1, ShortName(i))); });
     }},
    {"NestedMessages",
     [](size_t size) {
       return Delimited(2, "p") + Delimited(4, Delimited(1, "M") + Many(size, [](uint32_t i) {
                                                 return Delimited(3, Delimited(1, ShortName(i)));
                                               }));
     }},
    {"Fields",
     [](size_t size) {
       return Delimited(2, "p") + Delimited(4, Delimited(1, "M") + Many(size, [](uint32_t i) {
                                                 return Delimited(2, Delimited(1, ShortName(i)) +
                                                                         "\x18" + Varint(i + 2));
                                               }));
     }},
    {"FieldsWithoutAnything",
     [](size_t size) {
       return Delimited(2, "p") + Delimited(4, Delimited(1, "M") + Many(size, [](uint32_t) {
                                                 return Delimited(2, "");
                                               }));
     }},
    {"Values",
     [](size_t size) {
       return Delimited(2, "p") +
              Delimited(4, Delimited(1, "M") +
                               Delimited(2, Delimited(1, "e") + "\x18\x01\x20\x01\x28\x0e" +
                                                Delimited(6, ".p.E"))) +
              Delimited(5, Delimited(1, "E") + Many(size, [](uint32_t i) {
                             return Delimited(2, Delimited(1, ShortName(i)) + "\x10" + Varint(i));
                           }));
     }},
    {"LongPackage",
     [](size_t size) {
       return Delimited(2, Many(size, [](uint32_t) { return std::string("a."); }));
     }},
    {"OneofsInPieces",
     [](size_t size) {
       std::string inner = Delimited(1, std::string(size, 'x'));
       for (int i = 0; i < 90; ++i) inner = Delimited(3, Delimited(1, "y")) + Delimited(3, inner);
       return Delimited(4, inner);
     }},
    {"OptionsInPieces",
     [](size_t size) {
       return Many(size, [](uint32_t) { return Delimited(8, Delimited(50, "\x08\x01")); });
     }},
};

TEST(DescriptionMemoryTest, BombsAreBounded) {
  const SchemaText ours("proto3; enum E { A = 0; } message M { E e = 1; }");
  for (const size_t size : {size_t{50}, size_t{20000}, kMaxDescription}) {
    for (const DescriptionBomb& bomb : kDescriptionBombs) {
      // The nested bodies each have their own last bytes.
      const std::string description = DescriptionOf(bomb.file(size));
      for (const End end : {End::kSender, End::kReceiver}) {
        const size_t before = live_bytes;
        peak_bytes = live_bytes;
        {
          const auto verdict = CheckDescription(ours.type(), description, end);
          if (!verdict.ok()) {
            EXPECT_EQ(verdict.status().code(), StatusCode::kFailedPrecondition) << bomb.name;
            EXPECT_LT(verdict.status().message().size(), 20000) << bomb.name;
          }
        }
        EXPECT_EQ(live_bytes, before) << bomb.name;
        EXPECT_LE(peak_bytes - before, 4 * kDescriptionLimit.BytesFor(description.size()))
            << bomb.name << " of " << description.size();
      }
    }
  }
}

TEST(DescriptionMemoryTest, LimitIsReportedAndSettable) {
  const SchemaText ours("proto3; message M {}");
  const std::string description =
      DescriptionOf(Delimited(2, "p") + Delimited(4, Delimited(1, "M")) +
                    Many(kMiB, [](uint32_t) { return Delimited(4, ""); }));
  EXPECT_THAT(CheckDescription(ours.type(), description, End::kReceiver),
              StatusIs(StatusCode::kFailedPrecondition,
                       HasSubstr("its views need more than the limit of")));
  EXPECT_OK(CheckDescription(ours.type(), description, End::kReceiver,
                             ipmpsc::view::MemoryLimit::None()));
  // Packages count, too.
  const std::string package =
      DescriptionOf(Delimited(2, Many(150, [](uint32_t) { return std::string("a."); }) + "a") + "");
  EXPECT_THAT(
      CheckDescription(ours.type(), package, End::kReceiver, {0, 1000}),
      StatusIs(StatusCode::kFailedPrecondition, HasSubstr("its views need more than the limit")));
}

camera::Frame LargeFrame(uint32_t width) {
  camera::Frame frame;
  frame.set_width(width);
  for (uint32_t i = 0; i < 300; ++i) frame.add_faces()->add_inside()->set_x(i);
  return frame;
}

ipmpsc::Channel FrameChannelInMemory() {
  ipmpsc::ChannelOptions options;
  options.capacity = 1 << 20;
  return *camera::FrameChannel::CreateAnonymous(options);
}

// Calls `function` with the allocations [first, first + count) failing. Returns false if it made
// fewer allocations.
template <typename Function>
bool WithFailures(uint64_t first, uint64_t count, Function function) {
  before_failures = first;
  failures = count;
  try {
    function();
  } catch (const std::bad_alloc&) {
  }
  return std::exchange(failures, 0) != count;
}

// Some allocations of a call fail. Either no message was taken, or the receiver keeps the taken
// one.
TEST(FailedAllocationTest, NoMessageIsLost) {
  bool was_kept = false;
  for (const uint64_t count : {1, 2, 1000}) {
    bool failed = true;
    for (uint64_t first = 0; failed; ++first) {
      ASSERT_LT(first, 100);
      const ipmpsc::Channel channel = FrameChannelInMemory();
      camera::FrameReceiver receiver = *camera::FrameReceiver::Attach(channel);
      camera::FrameSender sender = *camera::FrameSender::Attach(channel);
      ASSERT_OK(sender.TrySend(LargeFrame(1)));
      ASSERT_OK(sender.TrySend(LargeFrame(2)));
      {
        absl::StatusOr<camera::FrameLease> frame = absl::UnknownError("it threw");
        failed = WithFailures(first, count, [&] { frame = receiver.TryReceive(); });
        if (!frame.ok()) {
          if (!absl::IsUnknown(frame.status())) {
            EXPECT_THAT(frame, StatusIs(StatusCode::kResourceExhausted, HasSubstr("no memory")));
            was_kept = true;
          }
          frame = receiver.TryReceive();
        }
        ASSERT_OK(frame);
        EXPECT_EQ((*frame)->width(), 1);
        EXPECT_EQ((*frame)->faces_size(), 300);
        ASSERT_OK_AND_ASSIGN(const camera::FrameLease second, receiver.TryReceive());
        EXPECT_EQ(second->width(), 2);
        EXPECT_THAT(receiver.TryReceive(), StatusIs(StatusCode::kUnavailable));
      }
      // Everything was released.
      ASSERT_OK(sender.SendWhenEmpty(LargeFrame(3), absl::Seconds(10)));
    }
  }
  EXPECT_TRUE(was_kept);
}

TEST(FailedAllocationTest, KeptMessagesAreDrainedFirst) {
  for (uint64_t first = 0;; ++first) {
    ASSERT_LT(first, 100);
    const ipmpsc::Channel channel = FrameChannelInMemory();
    camera::FrameReceiver receiver = *camera::FrameReceiver::Attach(channel);
    camera::FrameSender sender = *camera::FrameSender::Attach(channel);
    for (uint32_t i = 1; i <= 3; ++i) ASSERT_OK(sender.TrySend(LargeFrame(i)));
    absl::Status status;
    WithFailures(first, 2, [&] { status = receiver.TryReceive().status(); });
    if (!absl::IsResourceExhausted(status)) continue;  // it threw before it took a message

    camera::FrameReceiver moved = std::move(receiver);
    std::vector<uint32_t> widths;
    const auto keep = [&](const camera::FrameView& frame) { widths.push_back(frame.width()); };
    moved.Drain(keep, 0).status().IgnoreError();
    EXPECT_THAT(widths, testing::IsEmpty());
    ASSERT_OK_AND_ASSIGN(const size_t one, moved.Drain(keep, 1));
    EXPECT_EQ(one, 1);
    EXPECT_THAT(widths, testing::ElementsAre(1));
    ASSERT_OK_AND_ASSIGN(const size_t two, moved.Drain(keep));
    EXPECT_EQ(two, 2);
    EXPECT_THAT(widths, testing::ElementsAre(1, 2, 3));
    return;
  }
}

TEST(FailedAllocationTest, FailedAttachLeavesNothingBehind) {
  const ipmpsc::Channel channel = FrameChannelInMemory();
  bool failed = true;
  for (uint64_t first = 0; failed; ++first) {
    ASSERT_LT(first, 1000);
    const size_t before = live_bytes;
    failed = WithFailures(first, 1,
                          [&] { camera::FrameReceiver::Attach(channel).status().IgnoreError(); });
    EXPECT_EQ(live_bytes, before) << first;
    ASSERT_OK(camera::FrameReceiver::Attach(channel));
  }
}

}  // namespace
}  // namespace ipmpsc_test
