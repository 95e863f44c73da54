#include "ipmpsc/internal/os/io_uring.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace ipmpsc::internal {
namespace {

// The same on all processors.
constexpr long kSetup = 425;
constexpr long kEnter = 426;
constexpr long kRegister = 427;

// IORING_SETUP_*.
constexpr uint32_t kSetupCompletionCount = 1 << 3;
constexpr uint32_t kSetupTaskRunFlag = 1 << 9;
constexpr uint32_t kSetupSingleIssuer = 1 << 12;
constexpr uint32_t kSetupDeferTaskRun = 1 << 13;
// IORING_FEAT_SINGLE_MMAP: both rings are in one mapping.
constexpr uint32_t kFeatureSingleMapping = 1 << 0;
// IORING_OFF_*.
constexpr off_t kOffsetRings = 0;
constexpr off_t kOffsetRequests = 0x10000000;
// IORING_SQ_*: completions that are not in the ring yet.
constexpr uint32_t kFlagOverflow = 1 << 1;
constexpr uint32_t kFlagTaskRun = 1 << 2;
// IORING_ENTER_*.
constexpr uint32_t kEnterGetEvents = 1 << 0;
constexpr uint32_t kEnterExtended = 1 << 3;
// IORING_REGISTER_EVENTFD.
constexpr unsigned kRegisterEvent = 4;

// `struct io_uring_params` of the kernel.
struct Parameters {
  uint32_t request_count;
  uint32_t completion_count;
  uint32_t flags;
  uint32_t thread_cpu;
  uint32_t thread_idle;
  uint32_t features;
  uint32_t worker_fd;
  uint32_t reserved[3];
  struct {
    uint32_t head, tail, mask, entries, flags, dropped, array, reserved;
    uint64_t address;
  } request_offsets;
  struct {
    uint32_t head, tail, mask, entries, overflow, completions, flags, reserved;
    uint64_t address;
  } completion_offsets;
};
static_assert(sizeof(Parameters) == 120);

struct KernelTime {
  int64_t seconds;
  int64_t nanoseconds;
};

// `struct io_uring_getevents_arg` of the kernel.
struct EnterArgument {
  uint64_t signal_mask;
  uint32_t signal_mask_size;
  uint32_t least_wait;
  uint64_t time;
};

}  // namespace

IoUring::~IoUring() { Close(); }

void IoUring::Forget() {
  file_.Release();
  Close();
}

void IoUring::Close() {
  if (rings_ != nullptr) munmap(rings_, rings_size_);
  if (requests_ != nullptr) munmap(requests_, requests_size_);
  rings_ = nullptr;
  requests_ = nullptr;
  pending_ = 0;
  const UniqueFd closed(file_.Release());
}

int IoUring::Open(uint32_t requests, uint32_t completions) {
  Close();
#ifdef __ANDROID__
  // An app's filter of system calls kills a process that tries it. Untested: docs/porting.md.
  return ENOSYS;
#endif
  Parameters parameters = {};
  // Completions wait for the next `Enter` of this thread. Otherwise each wake would interrupt its
  // system calls, and epoll_wait would return EINTR.
  parameters.flags =
      kSetupCompletionCount | kSetupTaskRunFlag | kSetupSingleIssuer | kSetupDeferTaskRun;
  parameters.completion_count = completions;
  file_ = AboveStdio(UniqueFd(static_cast<int>(syscall(kSetup, requests, &parameters))));
  if (!file_.valid()) return errno;
  if ((parameters.features & kFeatureSingleMapping) == 0) {
    Close();
    return ENOSYS;
  }
  const auto& in = parameters.request_offsets;
  const auto& out = parameters.completion_offsets;
  rings_size_ = std::max(in.array + parameters.request_count * sizeof(uint32_t),
                         out.completions + parameters.completion_count * sizeof(UringCompletion));
  requests_size_ = parameters.request_count * sizeof(UringRequest);
  const auto map = [this](size_t size, off_t offset) -> void* {
    void* const mapped =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file_.get(), offset);
    if (mapped == MAP_FAILED) return nullptr;
    // A child has no use for it.
    madvise(mapped, size, MADV_DONTFORK);
    return mapped;
  };
  rings_ = map(rings_size_, kOffsetRings);
  requests_ = static_cast<UringRequest*>(map(requests_size_, kOffsetRequests));
  if (rings_ == nullptr || requests_ == nullptr) {
    const int error = errno;
    Close();
    return error;
  }
  request_head_ = At<uint32_t>(rings_, in.head);
  request_tail_ = At<uint32_t>(rings_, in.tail);
  request_flags_ = At<uint32_t>(rings_, in.flags);
  request_mask_ = *At<uint32_t>(rings_, in.mask);
  completion_head_ = At<uint32_t>(rings_, out.head);
  completion_tail_ = At<uint32_t>(rings_, out.tail);
  completion_mask_ = *At<uint32_t>(rings_, out.mask);
  completions_ = At<UringCompletion>(rings_, out.completions);
  // The order of submission is that of the queue.
  uint32_t* const order = At<uint32_t>(rings_, in.array);
  for (uint32_t i = 0; i < parameters.request_count; ++i) order[i] = i;
  return 0;
}

int IoUring::RegisterEvent(int event_fd) {
  return syscall(kRegister, file_.get(), kRegisterEvent, &event_fd, 1) < 0 ? errno : 0;
}

UringRequest* IoUring::NextRequest() {
  // Relaxed, and plain: only `Enter` of this thread, where the kernel reads the queue.
  const uint32_t head = __atomic_load_n(request_head_, __ATOMIC_RELAXED);
  const uint32_t tail = *request_tail_;
  if (tail - head > request_mask_) return nullptr;
  UringRequest* const request = &requests_[tail & request_mask_];
  std::memset(request, 0, sizeof(*request));
  *request_tail_ = tail + 1;
  ++pending_;
  return request;
}

bool IoUring::HasHiddenCompletions() const {
  // Relaxed: a hint. `Enter` follows it.
  return (__atomic_load_n(request_flags_, __ATOMIC_RELAXED) & (kFlagTaskRun | kFlagOverflow)) != 0;
}

void IoUring::ForEachCompletion(absl::FunctionRef<void(const UringCompletion&)> handler) {
  uint32_t head = *completion_head_;  // only this process writes it
  // Relaxed: the kernel writes deferred completions in `Enter` of this thread only.
  const uint32_t tail = __atomic_load_n(completion_tail_, __ATOMIC_RELAXED);
  while (head != tail) {
    const UringCompletion completion = completions_[head & completion_mask_];
    *completion_head_ = ++head;
    handler(completion);
  }
}

int IoUring::Enter(bool get, bool wait, int64_t timeout) {
  constexpr int64_t kSecond = 1'000'000'000;
  const KernelTime time = {timeout / kSecond, timeout % kSecond};
  const EnterArgument argument = {0, 0, 0, reinterpret_cast<uintptr_t>(&time)};
  const uint32_t flags = (get || wait ? kEnterGetEvents : 0) | (wait ? kEnterExtended : 0);
  const long result = syscall(kEnter, file_.get(), pending_, wait ? 1 : 0, flags,
                              wait ? &argument : nullptr, wait ? sizeof(argument) : 0);
  const int error = result < 0 ? errno : 0;
  // A call that fails may have taken requests before.
  // Relaxed: the kernel writes it in this call only.
  pending_ = *request_tail_ - __atomic_load_n(request_head_, __ATOMIC_RELAXED);
  return error;
}

}  // namespace ipmpsc::internal
