// Fails each system call of every operation in turn, with several errors. The operation works or
// reports the error, leaves nothing behind, and other processes can use the channel afterwards.
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/process/syscall_fault_world.h"
#include "tests/testing/fault_injector.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::testing {
namespace {

// Errors that can plausibly occur, and some that cannot.
constexpr int kErrors[] = {ENOMEM, EMFILE, EINTR,  EIO,    EACCES,     EPERM,
                           ENOSPC, ENOSYS, EAGAIN, EINVAL, EOPNOTSUPP, ENOENT};
// Errors that persist: no memory, no right, no such system call.
constexpr int kLastingErrors[] = {ENOMEM, EPERM, ENOSYS};
// An operation waits 15 ms in vain. It sleeps, or without a sleep polls once in each millisecond,
// which takes three system calls. `Open` takes eight for each of five looks.
constexpr size_t kMostWhileInVain = 100;
// Bounds a hang.
constexpr unsigned kAlarmSeconds = 60;

struct Trial {
  Trial() = default;
  explicit Trial(std::string what) : wrong(std::move(what)) {}

  std::string wrong;        // or ""
  std::vector<long> calls;  // of the operation
  Belongings left;          // after everything that was made is gone
  int injected = 0;         // failures
};

std::string Encode(const Trial& trial) {
  return absl::StrCat(trial.left.files, " ", trial.left.mappings, " ", trial.left.names, " ",
                      trial.injected, ";", absl::StrJoin(trial.calls, " "), ";", trial.wrong);
}

Trial Decode(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits(';', 2));
  // The child died.
  if (parts.size() < 3) return Trial(text);
  Trial trial(parts[2]);
  std::istringstream(parts[0]) >> trial.left.files >> trial.left.mappings >> trial.left.names >>
      trial.injected;
  std::istringstream calls(parts[1]);
  for (long number; calls >> number;) trial.calls.push_back(number);
  return trial;
}

// Returns an error in the outcome, or "".
std::string CheckStatus(const FaultOperation& operation, const SyscallFault& fault,
                        const absl::Status& status) {
  if (status.ok()) return "";
  // glibc's renameat2 returns EINVAL if the kernel has none.
  const int error = fault.error == ENOSYS && absl::IsInvalidArgument(status) ? EINVAL : fault.error;
  if (status.code() != absl::ErrnoToStatusCode(error) &&
      operation.codes.count(status.code()) == 0) {
    return absl::StrCat("not documented: ", status.ToString());
  }
  // A poll or wait in vain returns no text.
  const bool in_vain = absl::IsDeadlineExceeded(status) || absl::IsResourceExhausted(status) ||
                       absl::IsUnavailable(status);
  if (status.message().empty() && !(operation.waits && in_vain)) return "no text";
  return "";
}

// Runs the operation, or nothing, in a new world. REQUIRES: this is a forked child with no other
// purpose.
Trial Try(const FaultOperation& operation, const SyscallFault* fault,
          const std::string& directory) {
  alarm(kAlarmSeconds);
  FaultWorld world(directory);
  operation.prepare(world);
  if (!world.wrong.empty()) return Trial(absl::StrCat("prepare: ", world.wrong));
  FaultInjector injector;
  absl::Status status;
  const std::string unavailable = injector.Run(fault == nullptr ? SyscallFault() : *fault, [&] {
    if (fault != nullptr) status = operation.run(world);
  });
  if (!unavailable.empty()) return Trial(absl::StrCat("cannot: ", unavailable));
  Trial trial;
  if (fault == nullptr) {
    // Another thread may wait for the operation.
    if (world.had_helper) (void)operation.run(world).ok();
    world.Drop();
    trial.left = world.Count();
    return trial;
  }

  trial.calls = injector.calls();
  const auto wrong = [&](const std::string& what) {
    if (!what.empty() && trial.wrong.empty()) {
      trial.wrong = absl::StrCat(what, " (it returned ", status.ToString(), ")");
    }
  };
  trial.injected = static_cast<int>(injector.injected());
  // A waiting operation may have been woken before the fault.
  const bool may_be_missed = operation.waits || operation.calls_vary;
  if (fault->call != 0 && trial.injected == 0 && !may_be_missed) wrong("nothing failed");
  const bool in_vain = operation.waits && operation.usual != absl::StatusCode::kOk;
  if (in_vain && trial.calls.size() > kMostWhileInVain)
    wrong(absl::StrCat("it polls: ", trial.calls.size(), " system calls"));
  if (fault->call == 0 && status.code() != operation.usual) wrong("without any fault");
  wrong(CheckStatus(operation, *fault, status));
  if (injector.used_wall_clock()) wrong("waited by the wall clock");
  if (status.ok()) wrong(operation.works(world));
  world.Drop();
  trial.left = world.Count();
  if (status.ok()) trial.left.names -= operation.new_names;
  wrong(world.UseAfterwards());
  return trial;
}

// The call of the C library's `unlink`. Newer processors have no call of that name.
#ifdef SYS_unlink
constexpr long kUnlink = SYS_unlink;
#else
constexpr long kUnlink = SYS_unlinkat;
#endif

// Whether it is the call of the C library's `fstat`. Releases of glibc differ.
bool IsFstat(long number) {
#ifdef SYS_newfstatat
  return number == SYS_fstat || number == SYS_newfstatat;
#else
  return number == SYS_fstat;
#endif
}

// Compares the remains with those of a world without the operation. Returns a difference, or "".
std::string CheckLeft(const Belongings& left, const Belongings& there, const SyscallFault& fault,
                      long failed) {
  // If the kernel never says which file a descriptor is, the library closes none: it may belong to
  // the program.
  const bool unknown = fault.from_then && IsFstat(failed) && left.files > there.files;
  if (left.files != there.files && !unknown)
    return absl::StrCat("files: ", left.files - there.files, " more");
  // A mapping or name that the kernel did not remove remains.
  if (left.mappings != there.mappings && failed != SYS_munmap) {
    return absl::StrCat("mappings: ", left.mappings - there.mappings, " more");
  }
  if (left.names != there.names && !(failed == kUnlink && left.names == there.names + 1)) {
    return absl::StrCat("names: ", left.names - there.names, " more");
  }
  return "";
}

// Returns the number of the system call that fails, or -1 if the operation ended before it. The
// number of calls of a wait depends on time.
long FailingNumber(const SyscallFault& fault, const std::vector<long>& calls) {
  return fault.call == 0 || fault.call > calls.size() ? -1 : calls[fault.call - 1];
}

std::string Describe(const SyscallFault& fault, const std::vector<long>& calls) {
  return absl::StrCat("call ", fault.call, " (number ", FailingNumber(fault, calls), ") ",
                      fault.from_then ? "and its like fail: " : "fails: ", strerror(fault.error));
}

class SyscallFaultTest : public ::testing::TestWithParam<FaultOperation> {
 protected:
  static Trial TryInChild(const std::function<Trial(const std::string& directory)>& work) {
    const SharedMemoryDirectory directory;
    return Decode(InChild([&] { return Encode(work(directory.path())); }));
  }
};

TEST_P(SyscallFaultTest, EveryCallFails) {
  const FaultOperation& operation = GetParam();
  const Trial nothing =
      TryInChild([&](const std::string& directory) { return Try(operation, nullptr, directory); });
  if (absl::StartsWith(nothing.wrong, "cannot: ")) GTEST_SKIP() << nothing.wrong;
  ASSERT_EQ(nothing.wrong, "");
  const auto try_it = [&](const SyscallFault& fault) {
    Trial trial =
        TryInChild([&](const std::string& directory) { return Try(operation, &fault, directory); });
    if (trial.wrong.empty()) {
      trial.wrong = CheckLeft(trial.left, nothing.left, fault, FailingNumber(fault, trial.calls));
    }
    return trial;
  };
  const Trial whole = try_it({});
  ASSERT_EQ(whole.wrong, "");
  // The number of calls of a wait depends on time. Only calls that always occur are tried.
  const uint64_t calls = std::min<uint64_t>(whole.calls.size(), operation.most_calls);
  int injections = 0;
  int wrong = 0;
  const auto inject = [&](const SyscallFault& fault) {
    const Trial trial = try_it(fault);
    injections += trial.injected != 0 ? 1 : 0;
    if (trial.wrong.empty()) return;
    if (++wrong < 20) ADD_FAILURE() << Describe(fault, whole.calls) << ": " << trial.wrong;
  };
  for (uint64_t call = 1; call <= calls; ++call) {
    for (const int error : kErrors) inject({call, error, false});
    if (!operation.survives_lasting_errors) continue;
    for (const int error : kLastingErrors) inject({call, error, true});
  }
  EXPECT_EQ(wrong, 0);
  std::cout << operation.name << ": " << calls << " system calls, " << injections
            << " failures injected, " << wrong << " wrong\n";
}

std::string NameOf(const ::testing::TestParamInfo<FaultOperation>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Channels, SyscallFaultTest, ::testing::ValuesIn(ChannelFaultOperations()),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Ends, SyscallFaultTest, ::testing::ValuesIn(EndFaultOperations()), NameOf);

}  // namespace
}  // namespace ipmpsc::testing
