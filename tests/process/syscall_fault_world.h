// The operations whose system calls `syscall_fault_test` lets fail, and what each finds around it.
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

// The possible leftovers of a process.
struct Belongings {
  int files = 0;
  int mappings = 0;  // of channels; and reserved addresses, where no other thread has some, too
  int names = 0;     // in the world's directory
};

struct FaultWorld {
  explicit FaultWorld(const std::string& directory);
  FaultWorld(const FaultWorld&) = delete;
  FaultWorld& operator=(const FaultWorld&) = delete;

  // Makes a channel at `path`; in another process, so that this one has never used any.
  void CreateElsewhere();
  void Open();
  void AttachSender();
  void AttachReceiver();
  void FillRing();
  // Lets a thread do it, whose own system calls never fail. What it finds wrong, or "".
  void Meanwhile(std::function<std::string()> work);
  // Waits for it.
  std::string Helped();

  // Of `channel`.
  const internal::ControlBlock& control() const;

  Belongings Count() const;
  // Lets go of all but `channel`.
  void Drop();
  // A sender and a receiver that are new pass a message through `channel`, or through what is at
  // `path`. What is wrong, or "".
  std::string UseAfterwards();

  const std::string directory;
  const std::string path;
  std::string wrong;  // what `prepare` could not do

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
  // When it has returned OK: what does not work, or "".
  std::function<std::string(FaultWorld&)> works;
  // Documented for it, beside what `absl::ErrnoToStatus` makes of the failure.
  std::set<absl::StatusCode> codes;
  absl::StatusCode usual = absl::StatusCode::kOk;  // without a fault
  int new_names = 0;                               // in the directory, when it has returned OK
  bool waits = false;                              // or wakes, or perhaps not
  bool calls_vary = false;                         // with what others do meanwhile
  // Otherwise it waits for as long as the kernel does not say who lives: that is not tried.
  bool survives_lasting_errors = true;
  uint64_t most_calls = 1000;  // that are looked at
};

inline void PrintTo(const FaultOperation& operation, std::ostream* stream) {
  *stream << operation.name;
}

// Of a channel as a whole; of senders and receivers.
std::vector<FaultOperation> ChannelFaultOperations();
std::vector<FaultOperation> EndFaultOperations();

// --- For them ---

// Passes a message, by new ends where there are none. What is wrong, or "".
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
