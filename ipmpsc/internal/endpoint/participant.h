// The owner of a slot. It is written when the owner attaches, and read by errors and tools.
#ifndef IPMPSC_INTERNAL_ENDPOINT_PARTICIPANT_H_
#define IPMPSC_INTERNAL_ENDPOINT_PARTICIPANT_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "ipmpsc/internal/ring/slots.h"

namespace ipmpsc::internal {

// Writes this process into a slot: pid, PID namespace, time, and `name` (the program's name if it
// is empty), cut to `kNameSize` bytes.
template <typename Slot>
void WriteOwner(Slot* slot, absl::string_view name);

// Writes that the slot has no owner. The name stays for diagnostics.
template <typename Slot>
void ClearOwner(Slot* slot);

// Returns the name in a slot: up to `kNameSize` bytes that a peer wrote.
std::string ReadName(const SlotName& name);

// Returns the inode of this process's PID namespace: pids are comparable if it is equal. 0 if /proc
// does not give it.
uint64_t PidNamespace();

// Describes a slot's owner for an error: `sender 3 ("camera", process 4711)`. Escapes the name,
// since a peer wrote it. Says if the pid belongs to another PID namespace.
std::string DescribeOwner(const SenderSlot& slot, uint32_t number);
std::string DescribeOwner(const ReceiverSlot& slot);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_ENDPOINT_PARTICIPANT_H_
