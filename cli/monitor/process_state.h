// ProcessState: what the kernel says about a process that takes part in a channel.
#ifndef IPMPSC_CLI_MONITOR_PROCESS_STATE_H_
#define IPMPSC_CLI_MONITOR_PROCESS_STATE_H_

#include <cstdint>
#include <string>

namespace ipmpsc::cli {

enum class ProcessState {
  kUnknown,  // /proc does not show it: it has ended, or it or /proc is of another PID namespace
  kRuns,     // runs or waits, as processes do
  kBlocked,  // uninterruptible: it waits for a disk, or for pages from swap
  kStopped,  // by a signal such as SIGSTOP (state T)
  kTraced,   // held by a debugger (state t)
  kZombie,   // has ended, and its parent has not fetched the status
};

// Reads /proc/PID/stat. Never fails: kUnknown stands for all that cannot be read.
ProcessState ReadProcessState(uint32_t pid);

// Parses the line of /proc/PID/stat. The program's name in it may contain any byte, also ") T ".
ProcessState ParseProcessState(const std::string& stat);

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_MONITOR_PROCESS_STATE_H_
