// Tests that receiving allocates nothing once the arenas have grown, and that a loan never
// allocates.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/frame.pb.h"
#include "tests/testing/status_matchers.h"

namespace {

uint64_t allocations = 0;

void* Allocate(size_t size) {
  ++allocations;
  void* const memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

// Replaces all of them, since a sanitizer pairs each with its own counterpart.
void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace ipmpsc_test::camera {
namespace {

TEST(AllocationTest, SteadyStateAllocatesNothing) {
  ASSERT_OK_AND_ASSIGN(const ipmpsc::Channel channel, FrameChannel::CreateTemp());
  ASSERT_OK_AND_ASSIGN(FrameReceiver receiver, FrameReceiver::Attach(channel));
  ASSERT_OK_AND_ASSIGN(FrameSender sender, FrameSender::Attach(channel));
  Frame frame;
  for (uint32_t i = 0; i < 100; ++i) frame.add_faces()->add_inside()->set_x(i);
  (*frame.mutable_counters())["shutter"] = -4;
  (*frame.mutable_counters())["drops"] = 2;

  uint64_t before = 0;
  for (int i = 0; i < 100; ++i) {
    if (i == 10) before = allocations;
    if (!sender.TrySend(frame).ok() || !sender.TrySend(frame).ok()) FAIL();
    const absl::StatusOr<FrameLease> first = receiver.TryReceive();
    const absl::StatusOr<FrameLease> second = receiver.TryReceive();
    if (!first.ok() || !second.ok() || (*second)->counters().size() != 2) FAIL();
    if (receiver.TryReceive().ok()) FAIL();
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(before, 0);  // the counter works
}

TEST(AllocationTest, LoansAllocateNothing) {
  ASSERT_OK_AND_ASSIGN(const ipmpsc::Channel channel, FrameChannel::CreateTemp());
  ASSERT_OK_AND_ASSIGN(FrameReceiver receiver, FrameReceiver::Attach(channel));
  ASSERT_OK_AND_ASSIGN(FrameSender sender, FrameSender::Attach(channel));
  uint64_t before = 0;
  for (int i = 0; i < 100; ++i) {
    if (i == 10) before = allocations;  // the receiver's arenas have grown
    absl::StatusOr<FrameLoan> frame = sender.TryClaim(10000);
    if (!frame.ok()) FAIL();
    frame->set_width(7);
    if (frame->mutable_pixels(100).size() != 100) FAIL();
    if (frame->mutable_comment(0).size() != 0) FAIL();
    for (uint32_t j = 0; j < 10; ++j) frame->add_faces().add_inside().set_x(j);
    frame->add_counters("shutter", -4);
    if (!std::move(*frame).Publish().ok()) FAIL();
    const absl::StatusOr<FrameLease> received = receiver.TryReceive();
    if (!received.ok() || (*received)->faces_size() != 10) FAIL();
  }
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace ipmpsc_test::camera
