// Checks the promise after a death.
//
// The survivors of a stage are a receiver and whoever lives besides; a fresh sender comes, too.
#ifndef TESTS_PROCESS_SWEEP_CHECKER_H_
#define TESTS_PROCESS_SWEEP_CHECKER_H_

#include <cstddef>
#include <cstdint>

#include "tests/process/sweep/findings.h"
#include "tests/process/sweep/stage.h"

namespace ipmpsc::testing {

// Longer by far than every wait that the design allows: a receiver waits 10 ms for what the dead have
// left unfinished, a sender looks again after 100 ms. A receiver that nobody has told of a claim or
// of the end sleeps for ever. Bounds a hang, measures nothing.
inline constexpr absl::Duration kHangs = absl::Seconds(20);

// A fresh sender sends `fresh_size` bytes, and the receiver receives: all that is committed now and
// all that the living still have to commit, whole, once, in their places and their order, then
// nothing more.
void CheckDelivery(Stage& stage, size_t fresh_size, Findings* findings);

// The channel has ended: the receiver receives all that is committed, then it and all senders are
// told of the end.
void CheckEnded(Stage& stage, Findings* findings);

// After a receiver's death: what is not released is still where it was. `released` of the arranged
// messages may have been released, at the most: the oldest ones.
void CheckRelease(const Stage& stage, size_t released, Findings* findings);

// After `CheckDelivery`: all space can be claimed, and all slots can be taken but those of
// `living_senders`.
void CheckNothingLeaked(Stage& stage, uint32_t living_senders, Findings* findings);

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_CHECKER_H_
