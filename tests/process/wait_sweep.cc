// Kills the processes around a wait set after every machine instruction, for each mechanism and
// each way to wait: a blocked `Wait`, a loop of the program's own over `WaitSet::fd()`, and one
// over `Receiver::Fd()` or `Sender::Fd()`.
//
//   ./bazelw run -c opt //tests/process:wait_sweep
//
// It takes some minutes of one core. A watch of the claim word has no bound, so a missed wake
// becomes a hang there. A missed wake of a wait with a bound (a commit, space) only becomes a
// delay, which the sweep does not measure.
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "examples/command_line.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/wait_options.h"
#include "ipmpsc/wait_set.h"
#include "tests/ipmpsc/wait_mechanisms.h"
#include "tests/process/sweep/findings.h"
#include "tests/process/sweep/stepping.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/message.h"
#include "tests/testing/process/stepped_child.h"

ABSL_FLAG(std::string, operation, "", "sweep only the operations whose name contains this");
ABSL_FLAG(uint64_t, every, 1,
          "1: after each instruction; otherwise after each system call and each change of the "
          "segment, and after each so manyth instruction besides");

namespace ipmpsc::testing {
namespace {

// Bounds a hang and measures nothing.
constexpr absl::Duration kHangs = absl::Seconds(20);
constexpr uint64_t kCapacity = 4096;
constexpr size_t kSize = 100;
// Half of the ring: a second one finds space only after the release of the first.
constexpr size_t kLarge = 2048 - 16;
constexpr uint64_t kManyFaults = 5;
// Arming takes fewer steps. A loop that polls may never sleep while it is stepped through, since
// its pauses end before it has begun them.
constexpr uint64_t kMostSteps = 6000;

[[noreturn]] void GiveUp(absl::string_view what) {
  std::fprintf(stderr, "wait sweep: %s\n", std::string(what).c_str());
  std::abort();
}

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) GiveUp(result.status().ToString());
  return *std::move(result);
}

enum class How { kWait, kOuterLoop, kOwnFd };

struct Way {
  std::string name;
  WaitMechanism mechanism;  // kAutomatic with kOwnFd
  How how;
};

// Sleeps for one end in one of the ways. `End` is Receiver or Sender.
template <typename End>
class Sleeper {
 public:
  Sleeper(const Way& way, End* end) : how_(way.how), end_(end) {
    if constexpr (std::is_same_v<End, Sender>) {
      if (how_ == How::kOwnFd) fd_ = Must(end->Fd(kLarge));
    } else {
      if (how_ == How::kOwnFd) fd_ = Must(end->Fd());
    }
    if (how_ == How::kOwnFd) return;
    set_.emplace(Must(WaitSet::Create({way.mechanism})));
    absl::Status added;
    if constexpr (std::is_same_v<End, Sender>) {
      added = set_->Add(*end, kLarge, 0);
    } else {
      added = set_->Add(*end, 0);
    }
    if (!added.ok()) GiveUp(added.ToString());
    if (how_ == How::kOuterLoop) fd_ = Must(set_->fd());
  }

  // Returns when the end should be tried again.
  void Sleep() {
    Ready ready;
    switch (how_) {
      case How::kWait:
        Must(set_->Wait(absl::InfiniteDuration(), absl::MakeSpan(&ready, 1)));
        return;
      case How::kOuterLoop:
        while (Must(set_->Wait(absl::ZeroDuration(), absl::MakeSpan(&ready, 1))) == 0) Poll();
        return;
      case How::kOwnFd:
        if (end_->Arm()) Poll();
        return;
    }
  }
  // Makes everything ready, so that the sleep to be stepped through allocates and binds nothing.
  void Arm() {
    Ready ready;
    if (how_ == How::kOwnFd) {
      (void)end_->Arm();
    } else {
      (void)set_->Wait(absl::ZeroDuration(), absl::MakeSpan(&ready, 1)).ok();
    }
  }

 private:
  void Poll() {
    pollfd polled = {fd_, POLLIN, 0};
    while (poll(&polled, 1, -1) < 0) {
      if (errno != EINTR) GiveUp("poll");
    }
  }

  const How how_;
  End* const end_;
  std::optional<WaitSet> set_;
  int fd_ = -1;
};

// A channel, and words that its processes share.
struct World {
  World() {
    ChannelOptions options;
    options.capacity = kCapacity;
    options.max_senders = 8;
    channel.emplace(Must(Channel::CreateAnonymous(options)));
  }
  const internal::Ring& ring() const {
    return internal::ChannelAccess::SegmentOf(*channel)->ring();
  }
  const internal::ControlBlock& control() const { return *ring().control; }
  internal::Position claim() const { return internal::ClaimPosition(control().claim_word.load()); }
  internal::Position release() const { return control().release_position.load(); }
  absl::string_view Segment() const {
    const char* begin = reinterpret_cast<const char*>(ring().control);
    return {begin, static_cast<size_t>(ring().data + ring().capacity - begin)};
  }

  std::optional<Channel> channel;
  Board board;
};

// Cells of the board.
enum : size_t {
  kMessages,  // received, or sent by the one that waits for space
  kNumber,    // of the last one received
  kWrong,     // bytes that nobody has sent
  kDone,      // by a stepped child
};

// Takes the next message and writes it on the board.
void ReceiveOne(World& world, Receiver& receiver, Sleeper<Receiver>& sleeper) {
  for (;;) {
    absl::StatusOr<Lease> lease = receiver.TryReceive();
    if (lease.ok()) {
      const absl::string_view payload = lease->payload();
      const bool whole =
          payload.size() >= kIdentitySize && CheckMessage(IdentityOf(payload), payload).empty();
      if (!whole) world.board[kWrong].fetch_add(1);
      world.board[kNumber].store(whole ? IdentityOf(payload).number : 0);
      std::move(*lease).Release();
      world.board[kMessages].fetch_add(1);
      return;
    }
    if (!absl::IsUnavailable(lease.status())) GiveUp(lease.status().ToString());
    sleeper.Sleep();
  }
}

std::string Numbered(uint64_t number, size_t size = kSize) {
  return MessageBytes({1, number}, size);
}

// Calls `try_point` with the points of a sweep until it returns that the operation ended before.
void ForEachPoint(uint64_t every, const std::function<bool(const KillPoint&)>& try_point) {
  if (every > 1) {
    for (uint64_t event = 0; try_point({Grain::kEvent, event}); ++event) {
    }
  }
  for (uint64_t step = 0; try_point({Grain::kInstruction, step}); step += every) {
  }
}

// --- Senders die while the set sleeps ---

enum class Victim { kSend, kCommit };

class SenderDeaths {
 public:
  SenderDeaths(const Way& way, Victim victim) : victim_(victim) {
    waiter_ = ChildProcess::Fork([&] {
      Receiver receiver = Must(Receiver::Attach(*world_.channel));
      Sleeper<Receiver> sleeper(way, &receiver);
      for (;;) ReceiveOne(world_, receiver, sleeper);
      return 1;
    });
    fresh_.emplace(Must(Sender::Attach(*world_.channel)));
  }

  // Returns false if the operation ended before the point.
  bool Kill(const KillPoint& point, Findings* findings) {
    const uint64_t number = ++number_;
    if (!Await([&] { return world_.claim() == world_.release() && IsArmed(false); }, kHangs)) {
      findings->Count(SweepFault::kHung, "the receiver does not go to sleep");
      return false;
    }
    const internal::Position at = world_.claim();
    const uint64_t before = world_.board[kMessages].load();
    bool whole;
    {
      SteppedChild child([&] { Prepare(number); }, [&] { Operate(number); });
      if (!child.alive()) GiveUp("a sender cannot begin");
      whole = StepTo(&child, point, world_.Segment(), {}) == Reached::kEnd;
    }
    // A record that is claimed and not committed has no stamp.
    const bool committed = world_.claim() != at &&
                           (world_.ring().IsStamped(at) || world_.board[kMessages].load() > before);
    findings->CountDeath(committed ? "committed" : world_.claim() != at ? "claimed" : "unclaimed");
    if (committed) Expect(before, number, findings);
    const uint64_t fresh = ++number_;
    const uint64_t then = world_.board[kMessages].load();
    const absl::Status sent = fresh_->Send(Numbered(fresh), kHangs);
    if (!sent.ok()) findings->Count(SweepFault::kHung, sent.ToString());
    Expect(then, fresh, findings);
    if (world_.board[kWrong].load() != 0) findings->Count(SweepFault::kTorn, "wrong bytes");
    return !whole;
  }

 private:
  bool IsArmed(bool for_commit) const {
    const internal::ControlBlock& control = world_.control();
    return (for_commit ? control.receiver_wait.load() != 0 : control.claim_wait.load() != 0) &&
           IsAsleep(waiter_.pid());
  }

  void Prepare(uint64_t number) {
    sender_.emplace(Must(Sender::Attach(*world_.channel)));
    bytes_ = Numbered(number);
    if (victim_ == Victim::kSend) return;
    loan_.emplace(Must(sender_->TryClaim(bytes_.size())));
    std::copy(bytes_.begin(), bytes_.end(), loan_->payload().begin());
    Await([&] { return IsArmed(true); });
  }
  void Operate(uint64_t) {
    if (victim_ == Victim::kSend) {
      (void)sender_->TrySend(bytes_);
    } else {
      std::move(*loan_).Publish();
    }
  }

  void Expect(uint64_t before, uint64_t number, Findings* findings) {
    if (!Await([&] { return world_.board[kMessages].load() > before; }, kHangs)) {
      findings->Count(SweepFault::kHung, "the message is there, and the set sleeps on");
    } else if (world_.board[kNumber].load() != number ||
               world_.board[kMessages].load() != before + 1) {
      findings->Count(SweepFault::kLost, absl::StrCat("message ", number, " expected, ",
                                                      world_.board[kNumber].load(), " came"));
    }
  }

  World world_;
  const Victim victim_;
  ChildProcess waiter_;
  std::optional<Sender> fresh_;
  uint64_t number_ = 0;
  // Of the stepped child.
  std::optional<Sender> sender_;
  std::optional<Loan> loan_;
  std::string bytes_;
};

void SweepSenderDeaths(const Way& way, Victim victim, uint64_t every, Findings* findings) {
  SenderDeaths deaths(way, victim);
  ForEachPoint(every, [&](const KillPoint& point) {
    findings->At(absl::StrCat(way.name, ", ", victim == Victim::kSend ? "send" : "commit", ", ",
                              Describe(point)));
    return deaths.Kill(point, findings) && findings->faults() < kManyFaults;
  });
}

// --- The receiver dies while it releases, and a set of senders sleeps for space ---

bool KillRelease(const Way& way, const KillPoint& point, Findings* findings) {
  World world;
  ChildProcess waiter = ChildProcess::Fork([&] {
    Sender sender = Must(Sender::Attach(*world.channel));
    Sleeper<Sender> sleeper(way, &sender);
    for (uint64_t number = 0;; ++number) {
      for (;;) {
        const absl::Status sent = sender.TrySend(Numbered(number, kLarge));
        if (sent.ok()) break;
        if (!absl::IsResourceExhausted(sent)) GiveUp(sent.ToString());
        sleeper.Sleep();
      }
      world.board[kMessages].fetch_add(1);
    }
    return 1;
  });
  const auto is_armed = [&] {
    return world.board[kMessages].load() == 2 && (world.control().senders_wait.load() & 1) != 0 &&
           IsAsleep(waiter.pid());
  };
  if (!Await(is_armed, kHangs)) {
    findings->Count(SweepFault::kHung, "the sender does not go to sleep");
    return false;
  }
  std::optional<Receiver> receiver;
  std::optional<Lease> lease;
  bool whole;
  {
    SteppedChild child(
        [&] {
          receiver.emplace(Must(Receiver::Attach(*world.channel)));
          lease.emplace(Must(receiver->TryReceive()));
        },
        [&] { std::move(*lease).Release(); });
    if (!child.alive()) GiveUp("a receiver cannot begin");
    whole = StepTo(&child, point, world.Segment(), {}) == Reached::kEnd;
  }
  const bool released = world.release() != 0;
  findings->CountDeath(released ? "released" : "not released");
  Receiver successor = Must(Receiver::Attach(*world.channel));
  uint64_t number = released ? 1 : 0;
  if (!released) {
    const absl::StatusOr<Lease> first = successor.Receive(kHangs);
    if (!first.ok() || IdentityOf(first->payload()).number != number++) {
      findings->Count(SweepFault::kLost, "the first message");
    }
  }
  if (!Await([&] { return world.board[kMessages].load() >= 3; }, kHangs)) {
    findings->Count(SweepFault::kHung, "there is space, and the set sleeps on");
    return false;
  }
  for (; number < 5; ++number) {
    const absl::StatusOr<Lease> next = successor.Receive(kHangs);
    if (!next.ok() || IdentityOf(next->payload()).number != number) {
      findings->Count(SweepFault::kLost, absl::StrCat("message ", number));
      return false;
    }
  }
  return !whole;
}

// --- Something happens while a set arms ---

enum class WhileArming {
  kSend,      // another process sends
  kDies,      // the process with the set dies
  kHalfSend,  // another process begins to send, and dies
};

// A child whose next sleep arms anew, to be stepped through.
class ArmingChild {
 public:
  ArmingChild(World* world, const Way& way)
      : child_([=] { Prepare(world, way); },
               [=] {
                 ReceiveOne(*world, *receiver_, *sleeper_);
                 world->board[kDone].store(1);
               }) {}
  SteppedChild& child() { return child_; }

  // Returns how many steps it made: fewer than `most` if it fell asleep in the last one.
  uint64_t StepUntilAsleep(uint64_t most, bool* asleep) {
    *asleep = false;
    for (uint64_t step = 0; step < most; ++step) {
      if (child_.Peek() == SteppedChild::Next::kInstruction) {
        if (!child_.Step()) GiveUp("it returns without a message");
        continue;
      }
      *asleep = child_.StepIntoSleep() && IsAsleepForLonger();
      if (*asleep) return step;
      if (!child_.FinishStep()) GiveUp("it returns without a message");
    }
    return most;
  }

 private:
  // Whether it sleeps for an event and not for a lock of the kernel.
  bool IsAsleepForLonger() const {
    return !Await([&] { return !IsAsleep(child_.pid()); }, absl::Milliseconds(1));
  }

  void Prepare(World* world, const Way& way) {
    receiver_.emplace(Must(Receiver::Attach(*world->channel)));
    sleeper_.emplace(way, &*receiver_);
    // Armed once, then woken by a message.
    sleeper_->Arm();
    Sender own = Must(Sender::Attach(*world->channel));
    if (!own.TrySend(Numbered(0)).ok()) GiveUp("a first message");
    ReceiveOne(*world, *receiver_, *sleeper_);
  }

  std::optional<Receiver> receiver_;
  std::optional<Sleeper<Receiver>> sleeper_;
  SteppedChild child_;
};

// Returns whether the set was still arming.
bool DisturbArming(const Way& way, WhileArming what, uint64_t step, Findings* findings) {
  World world;
  Sender fresh = Must(Sender::Attach(*world.channel));
  const std::string bytes = Numbered(2);
  auto arming = std::make_unique<ArmingChild>(&world, way);
  if (!arming->child().alive()) GiveUp("a receiver cannot begin");
  bool asleep = false;
  arming->StepUntilAsleep(step, &asleep);
  findings->CountDeath(asleep ? "asleep" : "arming");
  if (what == WhileArming::kDies) {
    arming.reset();
    Receiver successor = Must(Receiver::Attach(*world.channel));
    // It sleeps, and nobody else answers the dead one's announcement.
    ChildProcess sends = ChildProcess::Fork([&] {
      Await([&] { return internal::IsReceiverWaiting(world.control()); });
      Sender sender = Must(Sender::Attach(*world.channel));
      return sender.Send(bytes, kHangs).ok() ? 0 : 1;
    });
    const absl::StatusOr<Lease> lease = successor.Receive(kHangs);
    if (!lease.ok()) {
      findings->Count(SweepFault::kHung, lease.status().ToString());
    } else if (lease->payload() != bytes) {
      findings->Count(SweepFault::kLost, "something else came");
    }
    return !asleep;
  }
  if (what == WhileArming::kHalfSend) {
    std::optional<Sender> sender;
    const internal::Position at = world.claim();
    {
      SteppedChild half([&] { sender.emplace(Must(Sender::Attach(*world.channel))); },
                        [&] { (void)sender->TrySend(Numbered(1)); });
      // Some point of a send. Neighbouring steps take points far from each other.
      const uint64_t most = Mix(step, 1) % 400;
      for (uint64_t i = 0; i < most && half.Step(); ++i) {
      }
    }
    if (world.claim() == at || !world.ring().IsStamped(at)) {
      const absl::Status sent = fresh.Send(bytes, kHangs);
      if (!sent.ok()) findings->Count(SweepFault::kHung, sent.ToString());
    }
  } else {
    const absl::Status sent = fresh.TrySend(bytes);
    if (!sent.ok()) GiveUp(sent.ToString());
  }
  if (asleep && !arming->child().FinishStep()) GiveUp("a receiver ends");
  arming->child().Detach();
  if (!Await([&] { return world.board[kDone].load() != 0; }, kHangs)) {
    findings->Count(SweepFault::kHung, "the message is there, and the set sleeps on");
  } else if (world.board[kWrong].load() != 0 || world.board[kMessages].load() != 2) {
    findings->Count(SweepFault::kTorn, "something else came");
  }
  return !asleep;
}

// --- The sweeps ---

struct Sweep {
  std::string name;
  std::function<void(uint64_t every, Findings*)> run;
};

std::vector<Sweep> AllSweeps() {
  std::vector<Way> ways;
  for (const WaitMechanism mechanism :
       {WaitMechanism::kIoUring, WaitMechanism::kHelperThread, WaitMechanism::kPolling}) {
    ways.push_back({MechanismName(mechanism), mechanism, How::kWait});
    ways.push_back({MechanismName(mechanism) + "-outer", mechanism, How::kOuterLoop});
  }
  ways.push_back({"Fd", WaitMechanism::kAutomatic, How::kOwnFd});
  std::vector<Sweep> sweeps;
  for (const Way& way : ways) {
    const absl::Status there = WaitSet::Create({way.mechanism}).status();
    if (absl::IsUnimplemented(there)) {
      std::printf("%s: skipped: %s\n", way.name.c_str(), std::string(there.message()).c_str());
      continue;
    }
    for (const Victim victim : {Victim::kSend, Victim::kCommit}) {
      sweeps.push_back({absl::StrCat(way.name, victim == Victim::kSend ? "-send" : "-commit"),
                        [=](uint64_t every, Findings* findings) {
                          SweepSenderDeaths(way, victim, every, findings);
                        }});
    }
    sweeps.push_back({way.name + "-release", [=](uint64_t every, Findings* findings) {
                        ForEachPoint(every, [&](const KillPoint& point) {
                          findings->At(absl::StrCat(way.name, ", release, ", Describe(point)));
                          return KillRelease(way, point, findings) &&
                                 findings->faults() < kManyFaults;
                        });
                      }});
    for (const auto& [what, name] :
         {std::pair{WhileArming::kSend, "send"}, std::pair{WhileArming::kDies, "death"},
          std::pair{WhileArming::kHalfSend, "half-send"}}) {
      sweeps.push_back({absl::StrCat(way.name, "-", name, "-while-arming"),
                        [=, what = what, name = name](uint64_t every, Findings* findings) {
                          for (uint64_t step = 0; step < kMostSteps; step += every) {
                            findings->At(
                                absl::StrCat(way.name, ", ", name, " while arming, step ", step));
                            if (!DisturbArming(way, what, step, findings)) return;
                            if (findings->faults() >= kManyFaults) return;
                          }
                        }});
    }
  }
  return sweeps;
}

int Main(int argc, char** argv) {
  const std::vector<std::string> rest = examples::ParseArguments(
      argc, argv,
      "wait_sweep [flags]\n\nKills the processes around a wait set after every instruction and "
      "checks that nothing is lost and nobody hangs.",
      {"operation", "every"});
  if (!rest.empty()) {
    examples::Fail(examples::kBadInput, absl::StrCat("what is '", rest[0], "'?"));
  }
  const uint64_t every = absl::GetFlag(FLAGS_every);
  if (every == 0) examples::Fail(examples::kBadInput, "--every must be 1 or more");
  const std::string why_not = SteppedChild::Unavailable();
  if (!why_not.empty()) {
    std::printf("wait sweep: skipped: nobody can be stepped here: %s\n", why_not.c_str());
    return 0;
  }
  Findings all;
  bool any = false;
  for (const Sweep& sweep : AllSweeps()) {
    if (!absl::StrContains(sweep.name, absl::GetFlag(FLAGS_operation))) continue;
    any = true;
    Findings findings;
    sweep.run(every, &findings);
    std::printf("%s: %s\n", sweep.name.c_str(), findings.Outcomes().c_str());
    std::fflush(stdout);
    all.Add(findings);
  }
  if (!any) {
    examples::Fail(examples::kBadInput,
                   absl::StrCat("no operation has '", absl::GetFlag(FLAGS_operation),
                                "' in its "
                                "name"));
  }
  std::printf("wait sweep: %s\n", all.Summary().c_str());
  return all.faults() == 0 ? 0 : examples::kFault;
}

}  // namespace
}  // namespace ipmpsc::testing

int main(int argc, char** argv) { return ipmpsc::testing::Main(argc, argv); }
