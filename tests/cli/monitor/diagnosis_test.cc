// Diagnose: each symptom is produced by real processes.
#include "cli/monitor/diagnosis.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
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
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class DiagnosisTest : public ::testing::Test {
 protected:
  void SetUp() override { Create(false); }

  void Create(bool timestamps, uint32_t max_senders = 2) {
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = max_senders;
    options.timestamps = timestamps;
    options.exist_policy = ExistPolicy::kReplace;
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(path_, options));
    channel_ = std::move(channel);
    ASSERT_OK_AND_ASSIGN(Channel looking, Channel::OpenReadOnly(path_));
    looking_ = std::move(looking);
  }

  Observation Look() const { return Observe(*looking_); }
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
  ChildProcess ForkHolder(const std::string& name = "viewer") {
    ChildProcess child = ChildProcess::ForkAndHold([this, &name]() -> std::string {
      const absl::StatusOr<Channel> channel = Channel::Open(path_);
      ReceiverOptions options;
      options.name = name;
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

constexpr char kBridge[] = "ipmpsc-bridge nats://127.0.0.1:4222/quotes";
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

TEST_F(DiagnosisTest, TellsTheAgeOfTheOldestMessage) {
  Create(true);
  Send();
  std::vector<Finding> findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kProblem, "no-receiver")));
  EXPECT_THAT(findings[0].text, MatchesRegex("no receiver is attached, and 192 bytes wait to be "
                                             "received, the oldest message for 4[0-9][.0-9]*s"));
  const ChildProcess receiver = ForkHolder();
  findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kProblem, "receiver-stalled")));
  EXPECT_THAT(findings[0].text, ContainsRegex("position 0 .100 bytes from .*, 4[0-9][.0-9]*s old"));
}

TEST_F(DiagnosisTest, TellsABridgeThatIsBehind) {
  Create(true);
  Send(3);
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel_, {kBridge});
  std::vector<Finding> findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kProblem, "bridge-stalled")));
  EXPECT_THAT(findings[0].text,
              AllOf(HasSubstr(absl::StrCat("the bridge \"", kBridge, "\" (process ", getpid(),
                                           ") is attached and has stored nothing for at least 40s, "
                                           "and 576 bytes wait to be stored; the oldest message is "
                                           "at position 0 (100 bytes from ")),
                    ContainsRegex(", 4[0-9][.0-9]*s old.$")));
  EXPECT_THAT(findings[0].advice, HasSubstr(absl::StrCat("ipmpsc-bridge --check ", path_,
                                                         " nats://127.0.0.1:4222/quotes;")));
  findings = Examine([&] { ASSERT_OK(receiver->TryReceive()); });
  ASSERT_THAT(findings, ElementsAre(Is(kNote, "bridge-behind")));
  EXPECT_THAT(
      findings[0].text,
      MatchesRegex(".* is attached and behind: its oldest message is 4[0-9][.0-9]*s old, and "
                   "384 bytes wait to be stored"));
  // One that has just come is none to speak of.
  Observation before = Look();
  ASSERT_OK(receiver->TryReceive());
  ASSERT_OK(receiver->TryReceive());
  Send();
  Observation after = Look();
  after.at = after.oldest_sent;
  EXPECT_THAT(Diagnose(before, after, ReadProcessState), IsEmpty());
}

TEST_F(DiagnosisTest, ABridgeOfAChannelWithoutTimestampsHasNoAge) {
  Send();
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel_, {kBridge});
  const std::vector<Finding> findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kProblem, "bridge-stalled")));
  EXPECT_THAT(findings[0].text, AllOf(HasSubstr("(100 bytes from "), Not(HasSubstr("s old"))));
}

TEST_F(DiagnosisTest, TellsABridgeThatIsStopped) {
  ChildProcess receiver = ForkHolder(kBridge);
  Send();
  receiver.Stop();
  const std::vector<Finding> findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kProblem, "receiver-stopped")));
  EXPECT_THAT(findings[0].text,
              AllOf(StartsWith("the bridge \"ipmpsc-bridge nats://"),
                    EndsWith("stopped by a signal (state T), and 128 bytes wait to be stored")));
  EXPECT_EQ(findings[0].advice, absl::StrCat("continue it: kill -CONT ", receiver.pid()));
}

TEST_F(DiagnosisTest, TellsABridgeThatIsGone) {
  ForkHolder(kBridge).Kill();
  std::vector<Finding> findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kNote, "no-receiver")));
  EXPECT_THAT(findings[0].text, MatchesRegex("the bridge .* died without detaching"));
  EXPECT_THAT(findings[0].advice,
              AllOf(HasSubstr("systemctl start ipmpsc-bridge@NAME"),
                    HasSubstr(absl::StrCat("; or ipmpsc-bridge ", path_,
                                           " nats://127.0.0.1:4222/quotes with its options"))));
  ASSERT_OK(Receiver::Attach(*channel_, {kBridge}));
  Send();
  findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kProblem, "no-receiver")));
  EXPECT_EQ(findings[0].text, absl::StrCat("no bridge is attached: \"", kBridge,
                                           "\" has ended, and 128 bytes wait to be stored"));
  // The command cannot name an engine that the name leaves out.
  ASSERT_OK(Receiver::Attach(*channel_, {"ipmpsc-bridge kafka://a:1,b.../quotes"}));
  EXPECT_THAT(Examine()[0].advice,
              HasSubstr(absl::StrCat("ipmpsc-bridge ", path_, " ENGINE with its options")));
  // The name is any process's, and the command is typed into a shell.
  ASSERT_OK(Receiver::Attach(*channel_, {"ipmpsc-bridge nats://a:1/b;rm$(c)'d"}));
  EXPECT_THAT(Examine()[0].advice, HasSubstr("'nats://a:1/b;rm$(c)'\\''d' with its options"));
}

TEST_F(DiagnosisTest, TellsABridgeThatNoLongerSends) {
  Create(/*timestamps=*/false, /*max_senders=*/3);
  SenderOptions options;
  options.name = "camera";
  absl::StatusOr<Sender> camera = Sender::Attach(*channel_, options);
  const ChildProcess receiver = ForkWaiter(false);
  ChildProcess bridge = ChildProcess::ForkAndHold([this]() -> std::string {
    const absl::StatusOr<Channel> channel = Channel::Open(path_);
    SenderOptions options;
    options.name = kBridge;
    new absl::StatusOr<Sender>(Sender::Attach(*channel, options));
    return "attached";
  });
  EXPECT_THAT(Examine(), IsEmpty());
  bridge.Stop();
  std::vector<Finding> findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kNote, "sender-stopped")));
  EXPECT_THAT(findings[0].text, MatchesRegex("the bridge .*, so nothing comes from its stream"));
  bridge.Kill();
  findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kNote, "no-bridge")));
  EXPECT_THAT(findings[0].text, HasSubstr("died without detaching"));
  EXPECT_THAT(findings[0].advice,
              AllOf(HasSubstr("systemctl start ipmpsc-bridge-in@NAME"),
                    HasSubstr(absl::StrCat("; or ipmpsc-bridge nats://127.0.0.1:4222/quotes ",
                                           path_, " with its options"))));
  // Its successor takes the slot of the camera, and speaks for the name.
  ASSERT_OK(camera);
  camera = absl::UnknownError("detached");
  options.name = kBridge;
  absl::StatusOr<Sender> successor = Sender::Attach(*channel_, options);
  ASSERT_OK(successor);
  const ChannelStats stats = Stats();
  ASSERT_EQ(std::count_if(stats.senders.begin(), stats.senders.end(),
                          [](const SenderStats& sender) { return sender.name == kBridge; }),
            2);
  EXPECT_THAT(Examine(), IsEmpty());
  successor = absl::UnknownError("detached");
  findings = Examine();
  ASSERT_THAT(findings, ElementsAre(Is(kNote, "no-bridge")));
  EXPECT_THAT(findings[0].text, HasSubstr("no bridge is attached as a sender: "));
  channel_->Close();  // The receiver ends, sooner or later.
  EXPECT_THAT(Examine(),
              AllOf(Contains(Is(kNote, "closed")), Not(Contains(Is(kNote, "no-bridge")))));
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
