#include "ipmpsc/internal/endpoint/wait_set_core.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/sleeper_barrier.h"

namespace ipmpsc::internal {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
// Nanoseconds. The bound where the kernel refuses to watch a word.
constexpr int64_t kLongestUnwatched = 1'000'000;
// A member whose message is claimed stays queued this often, without arming, while others are
// ready: the commit usually follows at once.
constexpr int kMostSoonLooks = 2;
// A `Wait` that does not sleep ends after this many passes in which members changed again and
// again.
constexpr int kMostPasses = 16;
// The most descriptors that one look reports.
constexpr size_t kMostDescriptors = 64;

absl::Status NoDescriptors(absl::string_view call) {
  return absl::ResourceExhaustedError(
      absl::StrCat("cannot make a wait set: ", call, ": ", strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<WaitSetCore>> WaitSetCore::Create(std::optional<Mechanism> mechanism,
                                                                 bool with_descriptors) {
  std::unique_ptr<WaitSetCore> set(new WaitSetCore);
  set->next_look_ = kNever;
  for (const Mechanism tried : {Mechanism::kIoUring, Mechanism::kThreads, Mechanism::kPolling}) {
    if (mechanism.has_value() && *mechanism != tried) continue;
    absl::StatusOr<std::unique_ptr<WordWaiter>> waiter = WordWaiter::Create(tried);
    if (waiter.ok()) {
      set->waiter_ = *std::move(waiter);
      set->mechanism_ = tried;
      break;
    }
    // Without descriptors for the best, there are none for the others.
    if (mechanism.has_value() || tried == Mechanism::kPolling) return waiter.status();
    absl::StrAppend(&set->refused_, set->refused_.empty() ? "" : "; ", waiter.status().message());
  }
  if (with_descriptors) {
    set->descriptors_ = AboveStdio(UniqueFd(epoll_create1(EPOLL_CLOEXEC)));
    if (!set->descriptors_.valid()) return NoDescriptors("epoll_create1");
    set->interrupt_event_ = AboveStdio(UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
    if (!set->interrupt_event_.valid()) return NoDescriptors("eventfd");
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = set->interrupt_event_.get();
    if (epoll_ctl(set->descriptors_.get(), EPOLL_CTL_ADD, event.data.fd, &event) != 0) {
      return NoDescriptors("epoll_ctl");
    }
    set->Enqueue(kDescriptors);
  }
  return set;
}

absl::StatusOr<std::unique_ptr<WaitSetCore>> WaitSetCore::ForOne(Waitable* end) {
  if (end->hook() != nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(end->Description(), " is in a wait set: use the descriptor of the set"));
  }
  absl::StatusOr<std::unique_ptr<WaitSetCore>> set = Create(std::nullopt, false);
  if (!set.ok()) return set;
  if (absl::Status status = (*set)->Add(end, 0); !status.ok()) return status;
  return set;
}

WaitSetCore::~WaitSetCore() {
  const bool in_same_process = fork_guard_.InSameProcess();
  for (const Member& member : members_) {
    if (member.end == nullptr) continue;
    member.end->set_hook(nullptr);
    if (!in_same_process) continue;
    if (member.state == State::kArmed) member.end->Withdraw();
    member.end->Leave();
  }
  if (!in_same_process) waiter_->AbandonInChild();
}

absl::Status WaitSetCore::CheckProcess() const {
  if (fork_guard_.InSameProcess()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "this wait set was inherited through fork: make one in this process");
}

bool WaitSetCore::Holds(const Waitable* end) const {
  return end->hook() == static_cast<const WaitSetHook*>(this);
}

absl::Status WaitSetCore::Add(Waitable* end, uint64_t tag) {
  if (absl::Status status = CheckProcess(); !status.ok()) return status;
  if (!end->InSameProcess()) {
    return absl::FailedPreconditionError(absl::StrCat(
        end->Description(), " was inherited through fork: attach anew in this process"));
  }
  if (end->hook() != nullptr) {
    return absl::AlreadyExistsError(absl::StrCat(
        end->Description(), Holds(end) ? " is in this wait set already"
                                       : " is in another wait set, or has a descriptor by Fd(): "
                                         "remove it there, or use that descriptor"));
  }
  Token token;
  if (free_.empty()) {
    token = static_cast<Token>(members_.size());
    members_.emplace_back();
  } else {
    token = free_.back();
    free_.pop_back();
  }
  members_[token] = {};
  members_[token].end = end;
  members_[token].tag = tag;
  end->set_hook(this);
  end->set_token(token);
  ++ends_;
  Enqueue(token);
  SignalOuter();
  return absl::OkStatus();
}

absl::Status WaitSetCore::Remove(Waitable* end) {
  if (absl::Status status = CheckProcess(); !status.ok()) return status;
  if (!Holds(end)) {
    return absl::NotFoundError(absl::StrCat(end->Description(), " is not in this wait set"));
  }
  Drop(end->token());
  return absl::OkStatus();
}

void WaitSetCore::Drop(Token token) {
  Member& member = members_[token];
  Waitable* const end = member.end;
  if (fork_guard_.InSameProcess()) {
    if (member.state == State::kArmed) {
      waiter_->Unwatch(token);
      waiter_->Flush();
      end->Withdraw();
    }
    end->Leave();
  }
  if (member.state == State::kQueued) Unlink(token);
  end->set_hook(nullptr);
  member = {};
  free_.push_back(token);
  --ends_;
}

void WaitSetCore::OnOwnSleep(Waitable* end) {
  const Token token = end->token();
  if (!fork_guard_.InSameProcess() || members_[token].state != State::kArmed) return;
  Requeue(token);
  waiter_->Flush();
  SignalOuter();
}

void WaitSetCore::OnDetach(Waitable* end) { Drop(end->token()); }

absl::Status WaitSetCore::AddFd(int fd, uint32_t events, uint64_t tag) {
  if (absl::Status status = CheckProcess(); !status.ok()) return status;
  if (fd == descriptors_.get() || fd == interrupt_event_.get()) {
    return absl::InvalidArgumentError("the descriptor belongs to this wait set");
  }
  epoll_event event = {};
  event.events = events;
  event.data.fd = fd;
  if (epoll_ctl(descriptors_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    const std::string text = absl::StrCat("cannot wait for descriptor ", fd, ": ", strerror(errno));
    switch (errno) {
      case EEXIST:
        return absl::AlreadyExistsError(text);
      case ENOMEM:
      case ENOSPC:
        return absl::ResourceExhaustedError(text);
      default:
        return absl::InvalidArgumentError(text);
    }
  }
  fds_[fd] = tag;
  return absl::OkStatus();
}

absl::Status WaitSetCore::RemoveFd(int fd) {
  if (absl::Status status = CheckProcess(); !status.ok()) return status;
  if (fds_.erase(fd) == 0) {
    return absl::NotFoundError(absl::StrCat("descriptor ", fd, " is not in this wait set"));
  }
  // A descriptor that the program has closed is gone already.
  epoll_ctl(descriptors_.get(), EPOLL_CTL_DEL, fd, nullptr);
  return absl::OkStatus();
}

void WaitSetCore::Interrupt() {
  const int error = errno;
  // Relaxed: the descriptor orders it. The kernel's lock of the event is between write and read.
  interrupted_.store(true, std::memory_order_relaxed);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(interrupt_event_.get(), &one, sizeof(one));
  errno = error;
}

absl::StatusOr<int> WaitSetCore::Fd() {
  if (absl::Status status = CheckProcess(); !status.ok()) return status;
  absl::StatusOr<int> fd = waiter_->Fd();
  if (fd.ok()) has_outer_ = true;
  return fd;
}

void WaitSetCore::SignalOuter() {
  if (!std::exchange(outer_clear_, false)) return;
  waiter_->Signal();
}

void WaitSetCore::Enqueue(Token token) {
  Member& member = members_[token];
  member.state = State::kQueued;
  member.previous = last_;
  member.next = kNone;
  (last_ == kNone ? first_ : members_[last_].next) = token;
  last_ = token;
  ++queued_;
}

void WaitSetCore::Unlink(Token token) {
  Member& member = members_[token];
  (member.previous == kNone ? first_ : members_[member.previous].next) = member.next;
  (member.next == kNone ? last_ : members_[member.next].previous) = member.previous;
  --queued_;
}

void WaitSetCore::Requeue(Token token) {
  waiter_->Unwatch(token);
  members_[token].end->Withdraw();
  Enqueue(token);
}

bool WaitSetCore::QueueFired() {
  fired_.clear();
  waiter_->Collect(&fired_);
  for (const Token fired : fired_) {
    const Token token = fired == WordWaiter::kFdToken ? kDescriptors : fired;
    if (members_[token].state == State::kArmed) Enqueue(token);
  }
  counters_.fired += fired_.size();
  return !fired_.empty();
}

void WaitSetCore::QueueDue(MonotonicNanos now) {
  if (now < next_look_) return;
  next_look_ = kNever;
  for (Token token = 1; token < members_.size(); ++token) {
    const Member& member = members_[token];
    if (member.state != State::kArmed) continue;
    if (member.look_at <= now) {
      Requeue(token);
    } else {
      next_look_ = std::min(next_look_, member.look_at);
    }
  }
}

void WaitSetCore::QueueStale() {
  const auto is_settled = [this](Token token) {
    const Member& member = members_[token];
    if (member.state != State::kArmed || member.end == nullptr) return true;
    if (member.end->announced_position() == member.position) return false;
    Requeue(token);
    return true;
  };
  for_commit_.erase(std::remove_if(for_commit_.begin(), for_commit_.end(), is_settled),
                    for_commit_.end());
}

size_t WaitSetCore::LookAtDescriptors(absl::Span<Ready> ready) {
  epoll_event events[kMostDescriptors];
  const int most = static_cast<int>(std::min(kMostDescriptors, ready.size()));
  const int found = epoll_wait(descriptors_.get(), events, most, 0);
  size_t count = 0;
  for (int i = 0; i < found; ++i) {
    const int fd = events[i].data.fd;
    if (fd == interrupt_event_.get()) {
      uint64_t ignored;
      [[maybe_unused]] const ssize_t bytes = read(fd, &ignored, sizeof(ignored));
      continue;
    }
    const auto tag = fds_.find(fd);
    if (tag != fds_.end()) ready[count++] = {tag->second, events[i].events};
  }
  if (found > 0) {
    Enqueue(kDescriptors);
  } else {
    members_[kDescriptors].state = State::kArmed;
    waiter_->WatchFd(descriptors_.get());
  }
  return count;
}

size_t WaitSetCore::LookAtQueue(absl::Span<Ready> ready) {
  size_t count = 0;
  dormant_ = 0;
  soon_.clear();
  arming_.clear();
  const auto report = [&](Token token) {
    ready[count++] = {members_[token].tag, 0};
    members_[token].soon = 0;
    Enqueue(token);
  };
  for (size_t left = queued_; left > 0 && count < ready.size(); --left) {
    const Token token = first_;
    Unlink(token);
    ++counters_.looks;
    if (token == kDescriptors) {
      count += LookAtDescriptors(ready.subspan(count));
      continue;
    }
    switch (members_[token].end->Check()) {
      case Readiness::kReady:
        report(token);
        break;
      case Readiness::kSoon:
        soon_.push_back(token);
        break;
      case Readiness::kNothing:
        arming_.push_back(token);
        break;
      case Readiness::kDormant:
        Enqueue(token);
        ++dormant_;
        break;
    }
  }
  if (!soon_.empty() && count == 0) spun_ = !SpinForSoon();
  for (const Token token : soon_) {
    Member& member = members_[token];
    if (count == ready.size() || (count > 0 && ++member.soon <= kMostSoonLooks)) {
      Enqueue(token);
    } else if (member.end->HasCome() || member.end->Resolve() == Readiness::kReady) {
      report(token);
    } else {
      arming_.push_back(token);
    }
  }
  ArmAll();
  return count;
}

bool WaitSetCore::SpinForSoon() {
  return spin_.Until(
      [this] {
        return std::any_of(soon_.begin(), soon_.end(),
                           [this](Token token) { return members_[token].end->HasCome(); });
      },
      kNever);
}

void WaitSetCore::ArmAll() {
  if (arming_.empty()) return;
  bool needs_membarrier = false;
  announcements_.clear();
  for (const Token token : arming_) {
    announcements_.push_back(members_[token].end->Announce());
    needs_membarrier |= announcements_.back().needs_membarrier;
  }
  SleeperBarrier(/*full_barriers=*/!needs_membarrier);
  const MonotonicNanos now = MonotonicNow();
  for (size_t i = 0; i < arming_.size(); ++i) {
    const Token token = arming_[i];
    Member& member = members_[token];
    const Announcement& announced = announcements_[i];
    if (!member.end->IsStillNothing()) {
      Enqueue(token);
      continue;
    }
    member.state = State::kArmed;
    member.soon = 0;
    member.position = member.end->announced_position();
    const bool watched = waiter_->Watch(token, announced.word, announced.expected);
    member.look_at =
        now + (watched ? announced.longest : std::min(announced.longest, kLongestUnwatched));
    if (!watched) ++counters_.unwatched;
    next_look_ = std::min(next_look_, member.look_at);
    if (announced.longest == kLongestSleepUnfinished) for_commit_.push_back(token);
  }
}

bool WaitSetCore::Arm() {
  Ready ready;
  const absl::StatusOr<size_t> count = Wait(0, absl::MakeSpan(&ready, 1));
  return count.ok() && *count == 0;
}

void WaitSetCore::LookAgain(Waitable* end) { OnOwnSleep(end); }

absl::StatusOr<size_t> WaitSetCore::Wait(MonotonicNanos deadline, absl::Span<Ready> ready) {
  if (absl::Status status = CheckProcess(); !status.ok()) return status;
  if (ready.empty()) return absl::InvalidArgumentError("no room for members that are ready");
  bool slept = false;
  for (int passes = 0;; ++passes) {
    const bool fired = QueueFired();
    if (std::exchange(spun_, false)) spin_.Slept(fired);
    MonotonicNanos now = MonotonicNow();
    QueueDue(now);
    QueueStale();
    // Relaxed: see `Interrupt`.
    if (interrupted_.load(std::memory_order_relaxed) &&
        interrupted_.exchange(false, std::memory_order_relaxed)) {
      if (has_outer_ && (slept || outer_clear_)) waiter_->Signal();
      outer_clear_ = false;
      return absl::CancelledError("the wait was interrupted by Interrupt()");
    }
    const size_t count = LookAtQueue(ready);
    if (count > 0) {
      // The ends that were armed just now must not wait for the next sleep.
      waiter_->Flush();
      if (has_outer_ && (slept || outer_clear_)) waiter_->Signal();
      outer_clear_ = false;
      return count;
    }
    now = MonotonicNow();
    const bool passed = deadline <= now;
    if (MustLook() && (!passed || passes < kMostPasses)) continue;
    if (passed) {
      if (!has_outer_) {
        waiter_->Flush();
        return 0;
      }
      waiter_->Rearm(next_look_);
      outer_clear_ = true;
      // Relaxed: see `Interrupt`.
      if (!QueueFired() && !MustLook() && !interrupted_.load(std::memory_order_relaxed)) return 0;
      if (passes < kMostPasses) continue;
      SignalOuter();
      return 0;
    }
    // Relaxed: see `Interrupt`. The event was perhaps read just now.
    if (interrupted_.load(std::memory_order_relaxed)) continue;
    ++counters_.sleeps;
    slept = true;
    waiter_->Sleep(std::min(deadline, next_look_));
  }
}

}  // namespace ipmpsc::internal
