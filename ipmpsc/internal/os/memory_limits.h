// How much memory this process may still take: what its control groups leave, and what the machine
// has. Beyond the first the kernel kills, and beyond the second too, so both are asked before memory
// is touched.
#ifndef IPMPSC_INTERNAL_OS_MEMORY_LIMITS_H_
#define IPMPSC_INTERNAL_OS_MEMORY_LIMITS_H_

#include <cstdint>
#include <limits>
#include <string>

namespace ipmpsc::internal {

struct MemoryRoom {
  // No limit, or none that is known.
  static constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

  uint64_t bytes = kUnlimited;
  // The limit that leaves no more, for an error's text; empty where there is none.
  std::string limit;
};

// The room under the tightest memory limit of this process's control group and the groups above it.
// Knows both versions of control groups, also mounted side by side, and groups as they are seen in a
// container. Counts a limit's file cache as free, since the kernel takes it back before it kills, and
// swap space as far as the groups may use it. Counts `memory.high` as a limit: a channel's memory
// cannot be taken back, so the group would be throttled for good.
//
// Cannot see a limit of version 2 on a group that lies above what a container shows. Other processes
// of the same groups may take the room meanwhile.
//
// `root` goes before the names of all files, for tests.
MemoryRoom ControlGroupRoom(const std::string& root = "");

// The machine's available memory: free or reclaimable memory (MemAvailable), and free swap space.
MemoryRoom MachineRoom(const std::string& root = "");

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_MEMORY_LIMITS_H_
