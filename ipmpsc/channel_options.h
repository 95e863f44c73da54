// ChannelOptions: what a channel is created with.
#ifndef IPMPSC_CHANNEL_OPTIONS_H_
#define IPMPSC_CHANNEL_OPTIONS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "ipmpsc/platform.h"  // IWYU pragma: keep

namespace ipmpsc {

// Tells `Channel::Create` what to do when the path is taken.
enum class ExistPolicy {
  kFail,     // kAlreadyExists
  kOpen,     // opens what is there, whatever its capacity, provided it is a channel that goes on
  kReplace,  // puts the new channel in its place, atomically; its users are told (kAborted), unless
             // the old channel's file has other names, under which it goes on
  // As kOpen, but replaces a channel that has ended (was closed or replaced). Of several processes that
  // do so at the same time one replaces, and all get the same new channel. Messages that are left in
  // the old one can be received by those who have it open.
  kOpenOrReplace,
};

struct ChannelOptions {
  // Bytes for records, rounded up to a power of two of at least one page. A message of n bytes
  // takes n + 16 (n + 32 with timestamps), rounded up to a multiple of 64. 1 to 2^46.
  uint64_t capacity = uint64_t{1} << 20;
  // Senders that can be attached at one time. 1 to 4096.
  uint32_t max_senders = 64;
  // Permission bits of the file, exactly (the umask does not count). Senders and receivers need
  // read and write.
  mode_t mode = 0600;
  ExistPolicy exist_policy = ExistPolicy::kFail;
  // Maps every page now, for this process, instead of at its first touch. Other processes choose for
  // themselves, with `OpenOptions::prefault`.
  bool prefault = false;
  // Asks for huge pages where the kernel has them for shared memory
  // (/sys/kernel/mm/transparent_hugepage/shmem_enabled). Rounds the capacity up to 2 MiB. Not an
  // error where the kernel has none.
  bool huge_pages = false;
  // Each message carries the time of its commit (CLOCK_REALTIME) and its number among those of its
  // sender's slot: `Lease::sent_at()`, `Lease::sequence()`. A send takes some tens of nanoseconds
  // more for the clock.
  bool timestamps = false;
  // Describes the channel in at most 16 MiB. The typed layer puts a serialised `ipmpsc.ChannelInfo`
  // here.
  std::string description;
};

// The choices of a process that opens a channel. Nothing in the channel's file overrides them.
struct OpenOptions {
  // Maps every page now instead of at its first touch. Takes time in proportion to the capacity, a
  // quarter of a second a GiB.
  bool prefault = false;
};

}  // namespace ipmpsc

#endif  // IPMPSC_CHANNEL_OPTIONS_H_
