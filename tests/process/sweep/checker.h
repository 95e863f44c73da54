// The conditions that must hold after a death.
//
// The survivors of a stage are a receiver and perhaps other processes. The check adds a fresh
// sender.
#ifndef TESTS_PROCESS_SWEEP_CHECKER_H_
#define TESTS_PROCESS_SWEEP_CHECKER_H_

#include <cstddef>
#include <cstdint>

#include "tests/process/sweep/findings.h"
#include "tests/process/sweep/stage.h"

namespace ipmpsc::testing {

// Much longer than every wait in the design: a receiver waits 10 ms for an unfinished claim of a
// dead sender, and a sender checks again after 100 ms. A receiver that was not woken for a claim or
// the end sleeps for ever. It bounds a hang and measures nothing.
inline constexpr absl::Duration kHangs = absl::Seconds(20);

// A fresh sender sends `fresh_size` bytes. The receiver must get all committed messages and all
// that the living still commit, each complete, once, and in order at its position. Then nothing
// more must come.
void CheckDelivery(Stage& stage, size_t fresh_size, Findings* findings);

// For a channel that has ended: the receiver must get all committed messages, then it and all
// senders must get the end.
void CheckEnded(Stage& stage, Findings* findings);

// After a receiver's death, unreleased messages must still be at their positions. At most the
// oldest `released` of the arranged messages may have been released.
void CheckRelease(const Stage& stage, size_t released, Findings* findings);

// After `CheckDelivery`, all space can be claimed, and all slots except those of `living_senders`
// can be taken.
void CheckNothingLeaked(Stage& stage, uint32_t living_senders, Findings* findings);

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_CHECKER_H_
