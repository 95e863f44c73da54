// The operations whose system calls `syscall_fault_test` fails, and the surroundings of each.
#ifndef TESTS_PROCESS_SYSCALL_FAULT_WORLD_H_
#define TESTS_PROCESS_SYSCALL_FAULT_WORLD_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::testing {

// The resources that a process could leave behind.
struct Belongings {
  int files = 0;
  int mappings = 0;  // of channels; and reserved addresses, where no other thread has some, too
  int names = 0;     // in the world's directory
};

struct FaultWorld {
  explicit FaultWorld(const std::string& directory);
  FaultWorld(const FaultWorld&) = delete;
  FaultWorld& operator=(const FaultWorld&) = delete;

  // Creates a channel at `path` in another process, so that this one has never used a channel.
  void CreateElsewhere();
  void Open();
  void AttachSender();
  void AttachReceiver();
  void FillRing();
  // Runs `work` in a thread whose own system calls never fail. `work` returns an error, or "".
  void Meanwhile(std::function<std::string()> work);
  // Waits for that thread and returns its error, or "".
  std::string Helped();

  // Wakes a sleeping receiver where the kernel was made to refuse. Otherwise it would sleep until
  // its deadline, since nothing comes after it.
  void WakeReceiver();

  // The control block of `channel`.
  const internal::ControlBlock& control() const;

  Belongings Count() const;
  // Releases everything except `channel`.
  void Drop();
  // Passes a message from a new sender to a new receiver through `channel`, or through the channel
  // at `path`. Returns an error, or "".
  std::string UseAfterwards();

  const std::string directory;
  const std::string path;
  std::string wrong;  // error of `prepare`

  std::optional<Channel> channel;
  std::optional<Channel> made;  // by the operation
  std::optional<Sender> sender;
  std::optional<Loan> loan;
  std::optional<Receiver> receiver;
  std::thread helper;
  std::string helper_found;
  bool had_helper = false;
  int sockets[2] = {-1, -1};
};

struct FaultOperation {
  std::string name;
  std::function<void(FaultWorld&)> prepare;
  std::function<absl::Status(FaultWorld&)> run;
  // Called after the operation returned OK. Returns what does not work, or "".
  std::function<std::string(FaultWorld&)> works;
  // Documented codes, in addition to that of `absl::ErrnoToStatus` for the failure.
  std::set<absl::StatusCode> codes;
  absl::StatusCode usual = absl::StatusCode::kOk;  // without a fault
  int new_names = 0;                               // left in the directory after OK
  bool waits = false;                              // may wait or wake
  bool calls_vary = false;                         // depending on other processes
  // False if the operation waits for as long as the kernel does not report liveness. That is not
  // tried.
  bool survives_lasting_errors = true;
  uint64_t most_calls = 1000;  // the number of calls to fail
};

inline void PrintTo(const FaultOperation& operation, std::ostream* stream) {
  *stream << operation.name;
}

// Operations on a whole channel, and those of senders and receivers.
std::vector<FaultOperation> ChannelFaultOperations();
std::vector<FaultOperation> EndFaultOperations();

// --- Helpers of the operations ---

// Passes a message. Attaches a new sender or receiver for each null. Returns an error, or "".
std::string PassMessage(const Channel& channel, Sender* sender, Receiver* receiver);

inline std::string TextOf(const absl::Status& status) {
  return status.ok() ? "" : status.ToString();
}

template <typename T>
absl::Status Keep(absl::StatusOr<T> result, std::optional<T>* place) {
  if (!result.ok()) return result.status();
  place->emplace(*std::move(result));
  return absl::OkStatus();
}

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SYSCALL_FAULT_WORLD_H_
