// WaitSetCore: sleeps for many ends and descriptors at once. DESIGN.md, "Waiting on many", has the
// states of its members and why no wake-up is lost.
#ifndef IPMPSC_INTERNAL_ENDPOINT_WAIT_SET_CORE_H_
#define IPMPSC_INTERNAL_ENDPOINT_WAIT_SET_CORE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ipmpsc/internal/endpoint/adaptive_spin.h"
#include "ipmpsc/internal/endpoint/arming.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/fork_guard.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/os/word_waiter.h"
#include "ipmpsc/wait_options.h"

namespace ipmpsc::internal {

class WaitSetCore final : private WaitSetHook {
 public:
  using Mechanism = WordWaiter::Mechanism;

  struct Counters {
    uint64_t sleeps = 0;
    uint64_t fired = 0;
    uint64_t looks = 0;
    uint64_t unwatched = 0;
  };

  // Without a mechanism: the first that works. `with_descriptors`: `AddFd` and `Interrupt` may be
  // called.
  //
  // Errors: as `WordWaiter::Create`; kResourceExhausted - no descriptors left.
  static absl::StatusOr<std::unique_ptr<WaitSetCore>> Create(std::optional<Mechanism> mechanism,
                                                             bool with_descriptors);
  // A set of one end, for its descriptor. Neither `AddFd` nor `Interrupt` may be called.
  //
  // Errors: kFailedPrecondition - the end is in another set, or was inherited through fork;
  // kResourceExhausted.
  static absl::StatusOr<std::unique_ptr<WaitSetCore>> ForOne(Waitable* end);
  WaitSetCore(const WaitSetCore&) = delete;
  WaitSetCore& operator=(const WaitSetCore&) = delete;
  ~WaitSetCore();

  // Errors: as those of `WaitSet`.
  absl::Status Add(Waitable* end, uint64_t tag);
  absl::Status Remove(Waitable* end);
  absl::Status AddFd(int fd, uint32_t events, uint64_t tag);
  absl::Status RemoveFd(int fd);
  absl::StatusOr<size_t> Wait(MonotonicNanos deadline, absl::Span<Ready> ready);
  absl::StatusOr<int> Fd();
  void Interrupt();
  // Whether nothing is ready, and an event will make the descriptor readable.
  bool Arm();
  // The condition that `end` waits for has changed.
  void LookAgain(Waitable* end);

  Mechanism mechanism() const { return mechanism_; }
  // Why better mechanisms are not used, or "".
  const std::string& refused() const { return refused_; }
  const Counters& counters() const { return counters_; }
  size_t size() const { return ends_ + fds_.size(); }

 private:
  using Token = WordWaiter::Token;
  enum class State { kFree, kQueued, kArmed };
  struct Member {
    State state = State::kFree;
    Waitable* end = nullptr;  // null: the member of all descriptors
    uint64_t tag = 0;
    int64_t look_at = 0;    // armed: the bound, on the monotonic clock
    Position position = 0;  // armed: of the announcement
    int soon = 0;           // looks in a row that said kSoon
    Token previous = kNone;
    Token next = kNone;  // in the queue
  };
  static constexpr Token kNone = ~Token{0} - 1;
  static constexpr Token kDescriptors = 0;

  WaitSetCore() = default;

  absl::Status CheckProcess() const;
  void OnOwnSleep(Waitable* end) override;
  void OnDetach(Waitable* end) override;
  bool Holds(const Waitable* end) const;
  void Drop(Token token);

  void Enqueue(Token token);
  void Unlink(Token token);
  // Ends the watch of an armed member and queues it.
  void Requeue(Token token);

  // Queue the members that have fired, that are due, or whose announcement is void.
  bool QueueFired();
  void QueueDue(MonotonicNanos now);
  void QueueStale();
  // Looks at all queued members, or until `ready` is full. Arms those that are not ready. Returns
  // how many are.
  size_t LookAtQueue(absl::Span<Ready> ready);
  size_t LookAtDescriptors(absl::Span<Ready> ready);
  bool SpinForSoon();
  void ArmAll();
  // Whether a queued member may be ready: the set must not sleep.
  bool MustLook() const { return queued_ > dormant_; }
  void SignalOuter();

  std::unique_ptr<WordWaiter> waiter_;
  Mechanism mechanism_ = Mechanism::kPolling;
  std::string refused_;
  const ForkGuard fork_guard_;
  Counters counters_;

  std::vector<Member> members_{1};  // the first stands for all descriptors
  std::vector<Token> free_;
  size_t ends_ = 0;
  Token first_ = kNone;
  Token last_ = kNone;
  size_t queued_ = 0;
  size_t dormant_ = 0;  // of the last pass
  std::vector<Token> fired_;
  std::vector<Token> soon_;
  std::vector<Token> arming_;
  std::vector<Announcement> announcements_;
  std::vector<Token> for_commit_;  // armed for a commit; may have left that state
  MonotonicNanos next_look_;       // not later than any bound
  AdaptiveSpin spin_;
  bool spun_ = false;  // in vain, before the sleep

  UniqueFd descriptors_;  // an epoll instance with the program's, and `interrupt_event_`
  UniqueFd interrupt_event_;
  std::atomic<bool> interrupted_{false};
  absl::flat_hash_map<int, uint64_t> fds_;  // their tags

  bool has_outer_ = false;  // `Fd` was called
  bool outer_clear_ = false;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_ENDPOINT_WAIT_SET_CORE_H_
