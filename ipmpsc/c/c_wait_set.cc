#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ipmpsc/c/call.h"
#include "ipmpsc/c/handles.h"
#include "ipmpsc/c/ipmpsc.h"
#include "ipmpsc/wait_options.h"
#include "ipmpsc/wait_set.h"

struct ipmpsc_wait_set {
  ipmpsc::WaitSet set;
  std::vector<ipmpsc::Ready> ready = {};
  std::string refused = {};
};

namespace ipmpsc::c {
namespace {

static_assert(static_cast<int>(WaitMechanism::kAutomatic) == IPMPSC_MECHANISM_AUTOMATIC);
static_assert(static_cast<int>(WaitMechanism::kIoUring) == IPMPSC_MECHANISM_IO_URING);
static_assert(static_cast<int>(WaitMechanism::kHelperThread) == IPMPSC_MECHANISM_HELPER_THREAD);
static_assert(static_cast<int>(WaitMechanism::kPolling) == IPMPSC_MECHANISM_POLLING);

// The most that one wait reports, which bounds the memory of a set.
constexpr size_t kMostReady = 1024;

}  // namespace
}  // namespace ipmpsc::c

using ipmpsc::c::Fail;
using ipmpsc::c::FailNull;
using ipmpsc::c::Guarded;
using ipmpsc::c::Result;

ipmpsc_status ipmpsc_wait_set_create(const ipmpsc_wait_set_options* options,
                                     ipmpsc_wait_set** out) {
  if (out == nullptr) return FailNull(__func__, "out");
  *out = nullptr;
  return Guarded([&] {
    ipmpsc_wait_set_options read;
    const ipmpsc_status status = ipmpsc::c::ReadOptions(options, &read);
    if (status != IPMPSC_OK) return status;
    const ipmpsc_status reserved = ipmpsc::c::CheckReserved(read.reserved);
    if (reserved != IPMPSC_OK) return reserved;
    if (read.mechanism < IPMPSC_MECHANISM_AUTOMATIC || read.mechanism > IPMPSC_MECHANISM_POLLING) {
      return Fail(IPMPSC_INVALID_ARGUMENT, "there is no such mechanism: use IPMPSC_MECHANISM_...");
    }
    ipmpsc::WaitSetOptions set_options;
    set_options.mechanism = static_cast<ipmpsc::WaitMechanism>(read.mechanism);
    return ipmpsc::c::MakeHandle(out, [&] { return ipmpsc::WaitSet::Create(set_options); });
  });
}

void ipmpsc_wait_set_free(ipmpsc_wait_set** set) { ipmpsc::c::FreeHandle(set); }

ipmpsc_status ipmpsc_wait_set_add_receiver(ipmpsc_wait_set* set, ipmpsc_receiver* receiver,
                                           uint64_t tag) {
  if (set == nullptr) return FailNull(__func__, "set");
  if (receiver == nullptr) return FailNull(__func__, "receiver");
  return Guarded([&] { return Result(set->set.Add(receiver->receiver, tag)); });
}

ipmpsc_status ipmpsc_wait_set_add_sender(ipmpsc_wait_set* set, ipmpsc_sender* sender,
                                         size_t payload_size, uint64_t tag) {
  if (set == nullptr) return FailNull(__func__, "set");
  if (sender == nullptr) return FailNull(__func__, "sender");
  return Guarded([&] { return Result(set->set.Add(sender->sender, payload_size, tag)); });
}

ipmpsc_status ipmpsc_wait_set_add_fd(ipmpsc_wait_set* set, int fd, uint32_t events, uint64_t tag) {
  if (set == nullptr) return FailNull(__func__, "set");
  return Guarded([&] { return Result(set->set.AddFd(fd, events, tag)); });
}

ipmpsc_status ipmpsc_wait_set_remove_receiver(ipmpsc_wait_set* set, ipmpsc_receiver* receiver) {
  if (set == nullptr) return FailNull(__func__, "set");
  if (receiver == nullptr) return FailNull(__func__, "receiver");
  return Guarded([&] { return Result(set->set.Remove(receiver->receiver)); });
}

ipmpsc_status ipmpsc_wait_set_remove_sender(ipmpsc_wait_set* set, ipmpsc_sender* sender) {
  if (set == nullptr) return FailNull(__func__, "set");
  if (sender == nullptr) return FailNull(__func__, "sender");
  return Guarded([&] { return Result(set->set.Remove(sender->sender)); });
}

ipmpsc_status ipmpsc_wait_set_remove_fd(ipmpsc_wait_set* set, int fd) {
  if (set == nullptr) return FailNull(__func__, "set");
  return Guarded([&] { return Result(set->set.RemoveFd(fd)); });
}

ipmpsc_status ipmpsc_wait_set_wait(ipmpsc_wait_set* set, int64_t timeout, ipmpsc_ready* ready,
                                   size_t capacity, size_t* count) {
  if (count == nullptr) return FailNull(__func__, "count");
  *count = 0;
  if (set == nullptr) return FailNull(__func__, "set");
  if (ready == nullptr) return FailNull(__func__, "ready");
  return Guarded([&] {
    const size_t most = std::min(capacity, ipmpsc::c::kMostReady);
    if (set->ready.size() < most) set->ready.resize(most);
    const absl::StatusOr<size_t> waited =
        set->set.Wait(ipmpsc::c::Timeout(timeout), absl::MakeSpan(set->ready).subspan(0, most));
    if (!waited.ok()) return ipmpsc::c::FailWith(waited.status());
    for (size_t i = 0; i < *waited; ++i) {
      ready[i] = ipmpsc_ready{set->ready[i].tag, set->ready[i].events, 0};
    }
    *count = *waited;
    return int32_t{IPMPSC_OK};
  });
}

ipmpsc_status ipmpsc_wait_set_fd(ipmpsc_wait_set* set, int* fd) {
  if (fd == nullptr) return FailNull(__func__, "fd");
  *fd = -1;
  if (set == nullptr) return FailNull(__func__, "set");
  return Guarded([&] { return ipmpsc::c::Store(set->set.fd(), fd); });
}

void ipmpsc_wait_set_interrupt(ipmpsc_wait_set* set) {
  if (set == nullptr) return;
  const ipmpsc::c::ErrnoKeeper keeper;
  set->set.Interrupt();
}

ipmpsc_status ipmpsc_wait_set_get_statistics(const ipmpsc_wait_set* set,
                                             ipmpsc_wait_set_statistics* statistics) {
  if (set == nullptr) return FailNull(__func__, "set");
  const ipmpsc_status status = ipmpsc::c::CheckOutput(statistics, __func__);
  if (status != IPMPSC_OK) return status;
  return Guarded([&] {
    const ipmpsc::WaitSetStatistics from = set->set.statistics();
    ipmpsc_wait_set_statistics filled = {};
    filled.mechanism = static_cast<int32_t>(from.mechanism);
    filled.members = from.members;
    filled.sleeps = from.sleeps;
    filled.wakes = from.wakes;
    filled.looks = from.looks;
    filled.unwatched = from.unwatched;
    ipmpsc::c::FillOutput(filled, statistics);
    return int32_t{IPMPSC_OK};
  });
}

const char* ipmpsc_wait_set_refused(ipmpsc_wait_set* set) {
  if (set == nullptr) return "";
  return ipmpsc::c::ValueOr("", [&] {
    set->refused = set->set.statistics().refused;
    return set->refused.c_str();
  });
}
