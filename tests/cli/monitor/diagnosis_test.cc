// Diagnose: each symptom is produced by real processes.
#include "cli/monitor/diagnosis.h"

#include <signal.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/monitor/process_state.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/turn.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/stats.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::cli {
namespace {

using ::ipmpsc::testing::Await;
using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class DiagnosisTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 2;
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(path_, options));
    channel_ = std::move(channel);
    ASSERT_OK_AND_ASSIGN(Channel looking, Channel::OpenReadOnly(path_));
    looking_ = std::move(looking);
  }

  Observation Look() const { return {absl::Now(), looking_->Stats()}; }
  ChannelStats Stats() const { return looking_->Stats(); }

  // Looks twice, and does `meanwhile` in between.
  std::vector<Finding> Examine(absl::FunctionRef<void()> meanwhile = [] {}) const {
    Observation before = Look();
    meanwhile();
    Observation after = Look();
    after.at = before.at + absl::Seconds(40);
    return Diagnose(before, after, ReadProcessState);
  }

  // A process that has attached a sender and holds a claim of 200 bytes.
  ChildProcess ForkClaimer() {
    ChildProcess child = ChildProcess::ForkAndHold([this]() -> std::string {
      const absl::StatusOr<Channel> channel = Channel::Open(path_);
      SenderOptions options;
      options.name = "camera";
      auto* const sender = new absl::StatusOr<Sender>(Sender::Attach(*channel, options));
      auto* const loan = new absl::StatusOr<Loan>((*sender)->TryClaim(200));
      return loan->ok() ? "claimed" : loan->status().ToString();
    });
    EXPECT_EQ(child.result(), "claimed");
    return child;
  }

  // A process that has attached a receiver, taken a message if one is there, and does nothing.
  ChildProcess ForkHolder() {
    ChildProcess child = ChildProcess::ForkAndHold([this]() -> std::string {
      const absl::StatusOr<Channel> channel = Channel::Open(path_);
      ReceiverOptions options;
      options.name = "viewer";
      auto* const receiver = new absl::StatusOr<Receiver>(Receiver::Attach(*channel, options));
      if (!receiver->ok()) return receiver->status().ToString();
      new absl::StatusOr<Lease>((*receiver)->TryReceive());
      return "attached";
    });
    EXPECT_EQ(child.result(), "attached");
    return child;
  }

  // A process that takes a message if `takes`, and then waits for more.
  ChildProcess ForkWaiter(bool takes) {
    ChildProcess child = ChildProcess::Fork([this, takes] {
      const absl::StatusOr<Channel> channel = Channel::Open(path_);
      ReceiverOptions options;
      options.name = "viewer";
      absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel, options);
      std::optional<absl::StatusOr<Lease>> lease;
      if (takes) lease.emplace(receiver->Receive(absl::Seconds(20)));
      while (receiver->Receive(absl::InfiniteDuration()).ok()) {
      }
      return 0;
    });
    EXPECT_TRUE(Await([this] {
      const ChannelStats stats = Stats();
      return stats.receiver.has_value() && stats.receiver->wait != ReceiverStats::Wait::kNone;
    }));
    return child;
  }

  void Send(int count = 1) {
    absl::StatusOr<Sender> sender = Sender::Attach(*channel_);
    ASSERT_OK(sender);
    for (int i = 0; i < count; ++i) ASSERT_OK(sender->TrySend(std::string(100, 'm')));
  }

  const internal::Ring& ring() const {
    return internal::ChannelAccess::SegmentOf(*channel_)->ring();
  }

  const SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "channel";
  std::optional<Channel> channel_;
  std::optional<Channel> looking_;
};

MATCHER_P2(Is, severity, code, "") { return arg.severity == severity && arg.code == code; }

constexpr Severity kNote = Severity::kNote;
constexpr Severity kProblem = Severity::kProblem;

TEST_F(DiagnosisTest, SaysNothingOfAChannelThatWorks) {
  const ChildProcess receiver = ForkWaiter(false);
  EXPECT_THAT(Examine(), IsEmpty());
  Send();
  ASSERT_TRUE(Await([this] { return Stats().fill == 0; }));
  EXPECT_THAT(Examine(), IsEmpty());
}

TEST_F(DiagnosisTest, NamesTheSenderOfAnOpenClaim) {
  ChildProcess sender = ForkClaimer();
  const ChildProcess receiver = ForkWaiter(false);
  std::vector<Finding> findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kProblem, "open-claim")));
  EXPECT_THAT(findings[0].text,
              HasSubstr(absl::StrCat("\"camera\" (process ", sender.pid(), ") has claimed 256 ")));
  EXPECT_THAT(findings[0].text, HasSubstr("at least 40s; every later message waits for it"));
  EXPECT_THAT(findings[0].advice, HasSubstr(absl::StrCat("kill -9 ", sender.pid())));

  sender.Stop();
  findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kProblem, "open-claim")));
  EXPECT_THAT(findings[0].text, HasSubstr("stopped by a signal (state T)"));
  EXPECT_THAT(findings[0].advice, HasSubstr(absl::StrCat("kill -CONT ", sender.pid())));

  sender.Kill();
  ASSERT_TRUE(Await([this] { return Stats().fill == 0; }));
  EXPECT_THAT(Examine(), ElementsAre(Is(kNote, "died")));
}

TEST_F(DiagnosisTest, AClaimThatMovesIsNone) {
  const ChildProcess receiver = ForkWaiter(false);
  absl::StatusOr<Sender> sender = Sender::Attach(*channel_);
  std::optional<Loan> loan = *sender->TryClaim(10);
  EXPECT_THAT(Examine([&] {
                std::move(*loan).Publish();
                loan = *sender->TryClaim(10);
              }),
              Not(::testing::Contains(Is(kProblem, "open-claim"))));
}

TEST_F(DiagnosisTest, TellsTheClaimsOfTheDead) {
  ForkClaimer().Kill();
  EXPECT_THAT(Examine(), ElementsAre(Is(kProblem, "no-receiver"), Is(kNote, "orphaned-claim"),
                                     Is(kNote, "died")));
  ForkClaimer().Kill();
  const std::vector<Finding> findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kProblem, "no-receiver"), Is(kProblem, "slots-full"),
                                    Is(kNote, "orphaned-claim"), Is(kNote, "died")));
  EXPECT_THAT(findings[1].text, HasSubstr("2 of them by open claims of dead senders"));
}

TEST_F(DiagnosisTest, TellsALeaseThatIsHeld) {
  Send();
  const ChildProcess receiver = ForkWaiter(true);
  const std::vector<Finding> findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kProblem, "lease-held")));
  EXPECT_THAT(findings[0].text, HasSubstr(absl::StrCat("(process ", receiver.pid(), ")")));
  EXPECT_THAT(findings[0].text, HasSubstr("position 0 (100 bytes"));
}

TEST_F(DiagnosisTest, TellsAReceiverThatDoesNotReceive) {
  const ChildProcess receiver = ForkHolder();
  Send();
  EXPECT_THAT(Examine(), ElementsAre(Is(kProblem, "receiver-stalled")));
}

TEST_F(DiagnosisTest, TellsAReceiverThatIsStopped) {
  ChildProcess receiver = ForkWaiter(false);
  receiver.Stop();
  Send();
  const std::vector<Finding> findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kProblem, "receiver-stopped")));
  EXPECT_THAT(findings[0].text, HasSubstr("state T"));
  EXPECT_EQ(findings[0].advice, absl::StrCat("continue it: kill -CONT ", receiver.pid()));
  receiver.Continue();
  ASSERT_TRUE(Await([this] { return Stats().fill == 0; }));
  EXPECT_THAT(Examine(), IsEmpty());
}

TEST_F(DiagnosisTest, TellsAReceiverThatDied) {
  ForkHolder().Kill();
  std::vector<Finding> findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kNote, "no-receiver")));
  EXPECT_THAT(findings[0].text, HasSubstr("\"viewer\""));
  Send(3);
  findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kProblem, "no-receiver")));
  EXPECT_THAT(findings[0].text, HasSubstr("384 bytes wait"));
}

TEST_F(DiagnosisTest, TellsAFullRing) {
  const ChildProcess receiver = ForkHolder();
  absl::StatusOr<Sender> sender = Sender::Attach(*channel_);
  while (sender->TrySend(std::string(100, 'm')).ok()) {
  }
  std::vector<Finding> findings =
      Examine([&] { EXPECT_FALSE(sender->TrySend(std::string(100, 'm')).ok()); });
  ASSERT_THAT(findings, ElementsAre(Is(kProblem, "receiver-stalled"), Is(kProblem, "ring-full")));
  EXPECT_THAT(findings[1].text,
              HasSubstr("4096 of 4096 bytes are in use; sends in 40s: 1 refused, "));
}

TEST_F(DiagnosisTest, TellsThatNoSlotIsLeft) {
  const ChildProcess receiver = ForkWaiter(false);
  absl::StatusOr<Sender> first = Sender::Attach(*channel_);
  absl::StatusOr<Sender> second = Sender::Attach(*channel_);
  EXPECT_THAT(Examine(), ElementsAre(Is(kProblem, "slots-full")));
}

TEST_F(DiagnosisTest, TellsASenderThatIsStopped) {
  const ChildProcess receiver = ForkWaiter(false);
  ChildProcess sender = ChildProcess::ForkAndHold([this]() -> std::string {
    const absl::StatusOr<Channel> channel = Channel::Open(path_);
    new absl::StatusOr<Sender>(Sender::Attach(*channel));
    return "attached";
  });
  EXPECT_THAT(Examine(), IsEmpty());
  sender.Stop();
  EXPECT_THAT(Examine(), ElementsAre(Is(kNote, "sender-stopped")));
}

TEST_F(DiagnosisTest, TellsAStaleTurn) {
  const ChildProcess receiver = ForkWaiter(false);
  // A turn that ended a second ago.
  ASSERT_TRUE(
      internal::TakeTurn(ring().control, 1, 2048, internal::MonotonicNow() - 1'000'000'000));
  EXPECT_THAT(Examine(), ElementsAre(Is(kNote, "stale-turn")));
  Send();  // clears it
  ASSERT_TRUE(Await([this] { return Stats().fill == 0; }));
  EXPECT_THAT(Examine(), IsEmpty());
}

TEST_F(DiagnosisTest, TellsDamagedPositions) {
  std::optional<Sender> sender = *Sender::Attach(*channel_);
  ring().control->release_position.store(64);
  std::vector<Finding> findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(Severity::kDamage, "damaged-positions")));
  EXPECT_THAT(findings[0].advice, HasSubstr("stop the processes"));
  sender.reset();
  findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(Severity::kDamage, "damaged-positions")));
  EXPECT_THAT(findings[0].advice, Not(HasSubstr("stop the processes")));
}

TEST_F(DiagnosisTest, TellsTheEnd) {
  const ChildProcess receiver = ForkHolder();
  channel_->Close();
  EXPECT_THAT(Examine(), ElementsAre(Is(kNote, "closed")));
  ChannelOptions options;
  options.exist_policy = ExistPolicy::kReplace;
  ASSERT_OK(Channel::Create(path_, options));
  EXPECT_THAT(Examine(), ElementsAre(Is(kProblem, "replaced")));
}

TEST_F(DiagnosisTest, SurvivesAnyByteInEveryWord) {
  Send(2);
  for (const int byte : {0xff, 0x80, 0x7f, 0x01, 0x40}) {
    internal::ControlBlock* const control = ring().control;
    std::fill_n(reinterpret_cast<char*>(control), sizeof(*control), static_cast<char>(byte));
    std::fill_n(reinterpret_cast<char*>(ring().sender_slots), 2 * sizeof(internal::SenderSlot),
                static_cast<char>(byte));
    std::fill_n(reinterpret_cast<char*>(ring().receiver_slot), sizeof(internal::ReceiverSlot),
                static_cast<char>(byte));
    for (const Finding& finding : Examine()) {
      for (const char c : finding.text) EXPECT_TRUE(c >= ' ' && c < 0x7f) << finding.text;
    }
  }
}

TEST(ProcessStateTest, ParsesWhatTheKernelWrites) {
  EXPECT_EQ(ParseProcessState("17 (a) S 1 17"), ProcessState::kRuns);
  EXPECT_EQ(ParseProcessState("17 (a) R) T 1 17"), ProcessState::kStopped);
  EXPECT_EQ(ParseProcessState("17 (a) t 1"), ProcessState::kTraced);
  EXPECT_EQ(ParseProcessState("17 (a) Z 1"), ProcessState::kZombie);
  EXPECT_EQ(ParseProcessState("17 (a) D 1"), ProcessState::kBlocked);
  for (const char* damaged : {"", "17", "17 (a)", "17 (a) ", "17 (a) ? 1"}) {
    EXPECT_EQ(ParseProcessState(damaged), ProcessState::kUnknown) << damaged;
  }
}

TEST(ProcessStateTest, OfRealProcesses) {
  EXPECT_EQ(ReadProcessState(static_cast<uint32_t>(getpid())), ProcessState::kRuns);
  ChildProcess child = ChildProcess::ForkAndHold([]() -> std::string { return ""; });
  child.Stop();
  EXPECT_EQ(ReadProcessState(static_cast<uint32_t>(child.pid())), ProcessState::kStopped);
  const uint32_t pid = static_cast<uint32_t>(child.pid());
  child.Kill();
  EXPECT_EQ(ReadProcessState(pid), ProcessState::kUnknown);
}

}  // namespace
}  // namespace ipmpsc::cli
