// Counts the machine instructions of the usual send, receive, parse and write in optimised code.
// Unlike times, the counts are stable, so they show a slow-down in the code.
//
// The bounds are the counts of gcc 12 when they were set, plus a quarter. Lower them after an
// improvement. CPUID is counted by itself: in a virtual machine it takes as long as thousands of
// other instructions.
#include <cstdint>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/mixed.ipmpsc.h"
#include "benchmarks/mixed_messages.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/writer/message_writer.h"
#include "tests/testing/process/stepped_child.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::benchmarks {
namespace {

using ::ipmpsc::testing::SteppedChild;

constexpr int kCalls = 20;

constexpr double kSend = 200;
constexpr double kSendBatch = 1570;
constexpr double kLoan = 460;
constexpr double kReceive = 295;
constexpr double kDrain = 305;
constexpr double kParse = 7800;
constexpr double kWrite = 10300;

uint64_t CountSteps(const std::function<void()>& prepare, const std::function<void()>& call,
                    int calls) {
  SteppedChild child(prepare, [&] {
    for (int i = 0; i < calls; ++i) call();
  });
  uint64_t steps = 0;
  while (child.Step()) ++steps;
  return steps;
}

int CountCpuids(const std::function<void()>& prepare, const std::function<void()>& call) {
  SteppedChild child(prepare, call);
  int count = 0;
  do {
    if (child.IsAtCpuid()) ++count;
  } while (child.Step());
  return count;
}

// Returns the instructions of one call after warm-up.
double Instructions(const std::function<void()>& prepare, const std::function<void()>& call) {
  const auto warmed_up = [&] {
    prepare();
    for (int i = 0; i < 3; ++i) call();
  };
  return static_cast<double>(CountSteps(warmed_up, call, kCalls + 1) -
                             CountSteps(warmed_up, call, 1)) /
         kCalls;
}

class InstructionCountTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string unavailable = SteppedChild::Unavailable();
    ASSERT_EQ(unavailable, "") << "instructions cannot be counted here";
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::CreateAnonymous({}));
    // Runs in the child, which owns these handles.
    attach_ = [this, channel] {
      ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
      ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
      sender_.emplace(std::move(sender));
      receiver_.emplace(std::move(receiver));
      for (int i = 0; i < 100; ++i) ASSERT_OK(sender_->TrySend(message_));
    };
  }

  void ExpectAtMost(double most, double counted) {
    std::cout << counted << " instructions, " << most << " allowed" << std::endl;
    EXPECT_LE(counted, most);
    EXPECT_GT(counted, most / 3) << "so few that something else was counted, or lower the bound";
  }

  const std::string message_ = std::string(64, 'x');
  std::function<void()> attach_;
  std::optional<Sender> sender_;
  std::optional<Receiver> receiver_;
};

TEST_F(InstructionCountTest, Send) {
  ExpectAtMost(kSend, Instructions(attach_, [&] { (void)sender_->TrySend(message_); }));
}

TEST_F(InstructionCountTest, SendBatchOfSixteen) {
  const std::vector<absl::string_view> batch(16, message_);
  ExpectAtMost(kSendBatch, Instructions(attach_, [&] { (void)sender_->TrySendBatch(batch); }));
}

TEST_F(InstructionCountTest, ClaimAndPublish) {
  ExpectAtMost(kLoan, Instructions(attach_, [&] { std::move(*sender_->TryClaim(64)).Publish(); }));
}

TEST_F(InstructionCountTest, Receive) {
  ExpectAtMost(kReceive,
               Instructions(attach_, [&] { (void)receiver_->Receive(Deadline::Never()); }));
}

TEST_F(InstructionCountTest, DrainOfOneMessage) {
  ExpectAtMost(kDrain,
               Instructions(attach_, [&] { (void)receiver_->Drain([](const Record&) {}, 1); }));
}

TEST_F(InstructionCountTest, AProcessAsksItsProcessorOnlyOnce) {
  const std::function<void()> attach = [this] {
    sender_.reset();
    receiver_.reset();
    attach_();
  };
  EXPECT_GT(CountCpuids([] {}, attach), 0) << "the first sender of a process asks";
  EXPECT_EQ(CountCpuids(attach_, attach), 0) << "each later sender and receiver asks, too";
}

TEST_F(InstructionCountTest, ParseOfOneKilobyte) {
  const std::string bytes = MixedMessage().SerializeAsString();
  view::Arena arena;
  ExpectAtMost(kParse, Instructions([] {},
                                    [&] {
                                      arena.Reset();
                                      MixedView::Parse(bytes, &arena);
                                    }));
}

TEST_F(InstructionCountTest, WriteOfOneKilobyte) {
  std::vector<char> memory(2000);
  ExpectAtMost(kWrite, Instructions([] {},
                                    [&] {
                                      writer::Draft draft(absl::MakeSpan(memory));
                                      MixedWriter mixed(&draft);
                                      WriteMixed(mixed);
                                      (void)draft.Finish("Mixed");
                                    }));
}

}  // namespace
}  // namespace ipmpsc::benchmarks
