// Takes a sender's slot, and waits for one.
#ifndef IPMPSC_INTERNAL_ENDPOINT_SENDER_SLOT_H_
#define IPMPSC_INTERNAL_ENDPOINT_SENDER_SLOT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/os/participant_lock.h"
#include "ipmpsc/internal/segment/segment.h"

namespace ipmpsc::internal {

struct OwnedSlot {
  uint16_t number;
  ParticipantLock lock;
};

// Takes a slot whose owner is dead and whose intent is not needed any more. Waits for one until
// `deadline`. While it waits it looks for slots of senders that have detached after 1, 2, 4 ... 16
// milliseconds, and asks the kernel about the other ones every 100 milliseconds. Nobody wakes it,
// so a sender that detaches pays nothing for those that wait.
//
// Errors: as `Sender::Attach`.
absl::StatusOr<OwnedSlot> TakeSenderSlot(const Segment& segment, Deadline deadline);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_ENDPOINT_SENDER_SLOT_H_
