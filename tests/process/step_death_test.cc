// A sender is stepped through an operation, one machine instruction at a time, and killed after
// each that changed the segment: between intent and claim, between claim and commit, between commit
// and wake. A death between two changes leaves the same as one right after the first of them, so
// these are all that there are.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_options.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process_board.h"
#include "tests/testing/process_child.h"
#include "tests/testing/process_message.h"
#include "tests/testing/process_stepper.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::testing {
namespace {

constexpr MessageIdentity kStepped = {1, 0};
constexpr MessageIdentity kRival = {3, 0};
constexpr MessageIdentity kAfter = {4, 0};

class StepDeathTest : public ::testing::Test {
 protected:
  using Operation = absl::FunctionRef<void(Sender&)>;

  void SetUp() override {
    const std::string why_not = SteppedChild::Unavailable();
    if (!why_not.empty()) GTEST_SKIP() << why_not;
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 2;
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::CreateAnonymous(options));
    channel_.emplace(std::move(channel));
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(*channel_));
    receiver_.emplace(std::move(receiver));
    random_.seed(static_cast<uint64_t>(getpid()) +
                 static_cast<uint64_t>(absl::GetCurrentTimeNanos()));
  }

  const internal::Ring& ring() const { return channel_->segment()->ring(); }

  // A sender in a child that stands before `operation`. It has done it before, so that what is
  // bound and mapped at the first time only is not stepped through.
  class Stepped {
   public:
    Stepped(StepDeathTest* test, Operation operation)
        : child_(
              [&] {
                absl::StatusOr<Sender> attached = Sender::Attach(*test->channel_);
                if (!attached.ok()) _exit(1);
                sender_.emplace(*std::move(attached));
                operation(*sender_);
                // Its intent is of another size.
                (void)sender_->TrySend(std::string(300, 'w'));
              },
              [&] { operation(*sender_); }) {}
    SteppedChild& child() { return child_; }

   private:
    std::optional<Sender> sender_;  // of the child
    SteppedChild child_;
  };

  // What is there, after the warming up.
  void Empty() {
    while (receiver_->TryReceive().ok()) {
    }
  }

  // Everything that must hold after the child is dead. `claim`: where it would have claimed first.
  void CheckAfterDeath(uint64_t claim, bool counts) {
    const bool committed = counts && ring().IsStamped(claim);
    ASSERT_OK_AND_ASSIGN(Sender fresh, Sender::Attach(*channel_));
    ASSERT_OK(fresh.TrySend(MessageBytes(kAfter, 100)));
    if (committed) {
      ASSERT_OK_AND_ASSIGN(const Lease lease, receiver_->Receive(kPatience));
      EXPECT_EQ(lease.position(), claim);
      EXPECT_EQ(CheckMessage(kStepped, lease.payload()), "");
      EXPECT_EQ(lease.payload().size(), 200u);
    }
    {
      ASSERT_OK_AND_ASSIGN(const Lease lease, receiver_->Receive(kPatience));
      EXPECT_EQ(CheckMessage(kAfter, lease.payload()), "");
    }
    EXPECT_THAT(receiver_->TryReceive(), StatusIs(absl::StatusCode::kUnavailable));
    // Its slot is free, and all space.
    EXPECT_OK(Sender::Attach(*channel_));
    EXPECT_OK(fresh.TrySend(std::string(channel_->max_payload(), 'x')));
    EXPECT_OK(receiver_->TryReceive());
  }

  // Lets it execute instructions until the segment has changed `changes` times. Returns how often
  // it did.
  uint64_t StepChanges(SteppedChild* child, uint64_t changes) {
    std::string before(Segment());
    uint64_t changed = 0;
    while (changed < changes && child->Step()) {
      const absl::string_view now = Segment();
      if (now == before) continue;
      before = std::string(now);
      ++changed;
    }
    return changed;
  }

  // How often the whole operation changes the segment.
  uint64_t CountChanges(Operation operation) {
    Stepped whole(this, operation);
    Empty();
    return StepChanges(&whole.child(), ~uint64_t{0});
  }

  // Kills after every change. `counts`: whether the operation sends `kStepped`, 200 bytes.
  void Sweep(
      Operation operation, bool counts, absl::FunctionRef<void()> before_each = [] {}) {
    uint64_t died_committed = 0;
    uint64_t changes = 0;
    // How many there are is another number each time: a byte that is copied changes nothing where
    // an earlier lap left the same.
    for (bool whole = false; !whole; ++changes) {
      Stepped stepped(this, operation);
      Empty();
      before_each();
      const uint64_t claim = ring().control->claim_position.load();
      whole = StepChanges(&stepped.child(), changes) < changes;
      stepped.child().Kill();
      died_committed += ring().IsStamped(claim) ? 1 : 0;
      CheckAfterDeath(claim, counts);
      if (HasFailure()) FAIL() << "killed after " << changes << " changes";
    }
    std::cout << changes << " kill points, " << died_committed << " after the commit\n";
    // Two words of the intent, claim, header, commit at the least.
    EXPECT_GE(changes, 5u);
    EXPECT_GE(died_committed, 2u);
  }

 private:
  // What all see: from the control block to the end of the data.
  absl::string_view Segment() const {
    const char* begin = reinterpret_cast<const char*>(ring().control);
    return {begin, static_cast<size_t>(ring().data + ring().capacity - begin)};
  }

 protected:
  std::optional<Channel> channel_;
  std::optional<Receiver> receiver_;
  std::mt19937_64 random_;
  const std::string bytes_ = MessageBytes(kStepped, 200);
};

TEST_F(StepDeathTest, Send) {
  Sweep([&](Sender& sender) { (void)sender.Send(bytes_, kPatience); }, true);
}

TEST_F(StepDeathTest, SendThatWakesTheReceiver) {
  Sweep([&](Sender& sender) { (void)sender.Send(bytes_, kPatience); }, true,
        [&] {
          internal::AnnounceReceiverWait(ring().control, ring().control->claim_position.load());
        });
}

TEST_F(StepDeathTest, ALoanPublished) {
  Sweep(
      [&](Sender& sender) {
        absl::StatusOr<Loan> loan = sender.TryClaim(200);
        std::copy(bytes_.begin(), bytes_.end(), loan->payload().begin());
        std::move(*loan).Publish();
      },
      true);
}

TEST_F(StepDeathTest, ALoanPublishedShorter) {
  Sweep(
      [&](Sender& sender) {
        absl::StatusOr<Loan> loan = sender.TryClaim(1000);
        std::copy(bytes_.begin(), bytes_.end(), loan->payload().begin());
        std::move(*loan).Publish(200);
      },
      true);
}

TEST_F(StepDeathTest, ALoanDropped) {
  Sweep([&](Sender& sender) { (void)sender.TryClaim(1000).ok(); }, false);
}

// Between any two changes another sender claims first, so that the stepped one loses its race, or
// holds a claim that lies before the other's. Then it goes on for a while, and dies.
TEST_F(StepDeathTest, RacedByAnother) {
  const auto operation = [&](Sender& sender) { (void)sender.TrySend(bytes_); };
  const uint64_t all = CountChanges(operation);
  Empty();
  for (uint64_t changes = 0; changes <= all; ++changes) {
    Stepped stepped(this, operation);
    Empty();
    const uint64_t claim = ring().control->claim_position.load();
    StepChanges(&stepped.child(), changes);
    {
      // More than the stepped one intends to claim.
      ASSERT_OK_AND_ASSIGN(Sender rival, Sender::Attach(*channel_));
      ASSERT_OK(rival.TrySend(MessageBytes(kRival, 700)));
    }
    StepChanges(&stepped.child(), random_() % 6);
    stepped.child().Kill();
    ASSERT_OK_AND_ASSIGN(Sender fresh, Sender::Attach(*channel_));
    ASSERT_OK(fresh.TrySend(MessageBytes(kAfter, 100)));
    bool stepped_came = false;
    bool rival_came = false;
    for (;;) {
      ASSERT_OK_AND_ASSIGN(const Lease lease, receiver_->Receive(kPatience));
      const MessageIdentity identity = IdentityOf(lease.payload());
      EXPECT_EQ(CheckMessage(identity, lease.payload()), "");
      if (identity.stream == kAfter.stream) break;
      bool* came = identity.stream == kRival.stream ? &rival_came : &stepped_came;
      EXPECT_FALSE(*came);
      *came = true;
      EXPECT_GE(lease.position(), claim);
    }
    EXPECT_TRUE(rival_came);
    EXPECT_OK(Sender::Attach(*channel_));
    if (HasFailure()) FAIL() << "raced after " << changes << " of " << all << " changes";
  }
}

// Two are stepped in turn and both killed: a claim of the one lies behind or before that of the
// other, or either has lost the race and left what it intended.
TEST_F(StepDeathTest, TwoInOneRace) {
  const auto short_operation = [&](Sender& sender) { (void)sender.TrySend(bytes_); };
  const std::string longer = MessageBytes(kRival, 900);
  const auto long_operation = [&](Sender& sender) { (void)sender.TrySend(longer); };
  // The first four changes are two words of the intent, the claim, and the first bytes of the
  // payload.
  for (uint64_t i = 0; i < 32; ++i) {
    {
      const bool short_first = i % 2 == 0;
      Stepped first(this, short_first ? Operation(short_operation) : Operation(long_operation));
      Stepped second(this, short_first ? Operation(long_operation) : Operation(short_operation));
      Empty();
      StepChanges(&first.child(), 1 + i / 2 % 4);
      StepChanges(&second.child(), 1 + i / 8 % 4);
      // In some rounds the first goes on, and perhaps finds that it has lost.
      StepChanges(&first.child(), random_() % 3);
    }
    // Both slots may tell where a claim ends, so it is not only the space that must come back.
    const uint64_t claim = ring().control->claim_position.load();
    ASSERT_TRUE(Await([&] {
      const absl::StatusOr<Lease> lease = receiver_->Receive(absl::ZeroDuration());
      if (lease.ok()) {
        ADD_FAILURE() << "nobody has committed";
      } else {
        EXPECT_THAT(lease, StatusIs(absl::StatusCode::kDeadlineExceeded));
      }
      return HasFailure() || ring().control->release_position.load() == claim;
    })) << "round "
        << i;
    ASSERT_FALSE(HasFailure()) << "round " << i;
    ASSERT_OK_AND_ASSIGN(Sender one, Sender::Attach(*channel_));
    ASSERT_OK_AND_ASSIGN(const Sender two, Sender::Attach(*channel_));
    ASSERT_OK(one.TrySend(MessageBytes(kAfter, 100)));
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver_->TryReceive());
    EXPECT_EQ(CheckMessage(kAfter, lease.payload()), "");
  }
}

// One loses its race, finds the ring full and gives up. It must not be taken for the owner of what
// the other one, who is dead, has claimed.
TEST_F(StepDeathTest, WhoLostAndGaveUpIsNotWaitedFor) {
  const std::string half(2000, 'x');
  const auto operation = [&](Sender& sender) { (void)sender.TrySend(half); };
  for (uint64_t changes = 0; changes <= 4; ++changes) {
    Stepped stepped(this, operation);
    Empty();
    StepChanges(&stepped.child(), changes);
    ChildProcess rival = ChildProcess::Fork([&] {
      absl::StatusOr<Sender> sender = Sender::Attach(*channel_);
      if (!sender.ok()) return 1;
      const absl::StatusOr<Loan> loan = sender->TryClaim(changes < 3 ? 4000 : 2000);
      if (loan.ok()) raise(SIGKILL);
      return 2;
    });
    ASSERT_EQ(rival.Wait(), absl::StrCat("killed by ", SIGKILL));
    // To its end; it lives on.
    StepChanges(&stepped.child(), ~uint64_t{0});
    const bool emptied = Await([&] {
      const absl::StatusOr<Lease> lease = receiver_->Receive(absl::ZeroDuration());
      return !lease.ok() &&
             ring().control->release_position.load() == ring().control->claim_position.load();
    });
    EXPECT_TRUE(emptied) << "after " << changes << " changes";
  }
}

// --- The receiver's side of it ---

class ReceiverMeetsDeathTest : public StepDeathTest {
 protected:
  // What a receiver in a child received first, as the position + 1; 0: nothing.
  uint64_t received() const { return board_[0].load(); }

  // Attaches before the operation.
  void PrepareReceiver() {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel_);
    if (!receiver.ok()) _exit(1);
    receiver_.emplace(*std::move(receiver));
  }
  void ReceiveOne() {
    const absl::StatusOr<Lease> lease = receiver_->Receive(absl::Hours(1));
    if (lease.ok()) board_[0].store(lease->position() + 1);
  }

  // The number of changes until the message is committed.
  uint64_t ChangesToCommit(Operation operation) {
    Stepped stepped(this, operation);
    Empty();
    const uint64_t claim = ring().control->claim_position.load();
    uint64_t changes = 0;
    while (!ring().IsStamped(claim)) {
      if (StepChanges(&stepped.child(), 1) == 0) return 0;
      ++changes;
    }
    return changes;
  }

  Board board_;
};

// The sender commits and dies between the receiver's look at the stamp and its look at who lives.
TEST_F(ReceiverMeetsDeathTest, CommittedDuringTheScan) {
  const auto operation = [&](Sender& sender) { (void)sender.TrySend(bytes_); };
  const uint64_t changes = ChangesToCommit(operation);
  ASSERT_GT(changes, 2u);
  Stepped sender(this, operation);
  Empty();
  const uint64_t claim = ring().control->claim_position.load();
  EXPECT_EQ(StepChanges(&sender.child(), changes - 1), changes - 1);
  receiver_.reset();
  SteppedChild receiver([&] { PrepareReceiver(); }, [&] { ReceiveOne(); });
  // It has found the intent, and is about to ask whether its owner lives.
  ASSERT_TRUE(receiver.RunToSystemCall(SYS_fcntl));
  EXPECT_EQ(StepChanges(&sender.child(), 1), 1u);
  ASSERT_TRUE(ring().IsStamped(claim));
  sender.child().Kill();
  receiver.Detach();
  EXPECT_TRUE(Await([&] { return received() != 0; }));
  EXPECT_EQ(received(), claim + 1);
}

// The sender dies between its commit and the wake: the receiver looks by itself, long before its
// deadline.
TEST_F(ReceiverMeetsDeathTest, CommittedAndNeverWoken) {
  const auto operation = [&](Sender& sender) { (void)sender.TrySend(bytes_); };
  receiver_.reset();
  ChildProcess receiver = ChildProcess::Fork([&]() -> int {
    PrepareReceiver();
    for (;;) ReceiveOne();
  });
  Stepped sender(this, operation);
  // It sleeps until more comes than the warming up.
  const uint64_t claim = ring().control->claim_position.load();
  const uint32_t asleep = internal::ReceiverWaitWord(claim);
  // The receiver changes the segment too, when it looks by itself, so the changes do not count
  // here.
  while (!ring().IsStamped(claim)) {
    ASSERT_TRUE(Await([&] { return ring().control->receiver_wait.load() == asleep; }));
    ASSERT_TRUE(sender.child().Step());
  }
  sender.child().Kill();
  EXPECT_TRUE(Await([&] { return received() == claim + 1; }, absl::Seconds(5)));
}

// The claimer dies while the receiver sleeps behind it: the receiver looks by itself.
TEST_F(ReceiverMeetsDeathTest, ClaimedAndNeverCommitted) {
  receiver_.reset();
  ChildProcess claimer = ChildProcess::Fork([&] {
    absl::StatusOr<Sender> sender = Sender::Attach(*channel_);
    const absl::StatusOr<Loan> loan = sender.ok() ? sender->TryClaim(100) : sender.status();
    if (loan.ok()) board_[1].store(1);
    pause();
    return 0;
  });
  ASSERT_TRUE(Await([&] { return board_[1].load() != 0; }));
  ASSERT_OK_AND_ASSIGN(Sender fresh, Sender::Attach(*channel_));
  const uint64_t claim = ring().control->claim_position.load();
  ASSERT_OK(fresh.TrySend(bytes_));
  ChildProcess receiver = ChildProcess::Fork([&]() -> int {
    PrepareReceiver();
    for (;;) ReceiveOne();
  });
  ASSERT_TRUE(Await([&] { return ring().control->receiver_wait.load() != 0; }));
  claimer.Kill();
  EXPECT_TRUE(Await([&] { return received() == claim + 1; }, absl::Seconds(5)));
}

}  // namespace
}  // namespace ipmpsc::testing
