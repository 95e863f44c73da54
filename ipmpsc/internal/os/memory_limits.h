// The memory that this process may still take: the room in its control groups, and in the machine.
// The kernel kills processes beyond either, so both are checked before memory is touched.
#ifndef IPMPSC_INTERNAL_OS_MEMORY_LIMITS_H_
#define IPMPSC_INTERNAL_OS_MEMORY_LIMITS_H_

#include <cstdint>
#include <limits>
#include <string>

namespace ipmpsc::internal {

struct MemoryRoom {
  // For no limit, or an unknown one.
  static constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

  uint64_t bytes = kUnlimited;
  // The limit that leaves the least room, for an error's text. Empty if there is none.
  std::string limit;
};

// Returns the room that the tightest memory limit leaves, of this process's control group and of
// the groups above it. Knows both versions of control groups, also mounted side by side, and groups
// as seen in a container. Counts a limit's file cache as free, since the kernel reclaims it before
// it kills. Counts swap space as far as the groups may use it. Counts `memory.high` as a limit: a
// channel's memory cannot be reclaimed, so the group would be throttled for good.
//
// Cannot see a limit of version 2 on a group above those that a container shows. Other processes of
// the same groups may take the room meanwhile.
//
// `root` is put before the names of all files, for tests.
MemoryRoom ControlGroupRoom(const std::string& root = "");

// Returns the memory that the machine has available: memory that is free or can be reclaimed
// (MemAvailable), and free swap space.
MemoryRoom MachineRoom(const std::string& root = "");

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_MEMORY_LIMITS_H_
