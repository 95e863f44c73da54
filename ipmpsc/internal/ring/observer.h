// Observer: reads the records of a ring without taking part in it. It writes nothing and is never
// waited for, so senders may overwrite what it reads. It finds that out and returns whole records
// only (DESIGN.md, "Looking without taking part").
//
//   at a record --Next()--> behind it
//     |   |
//     |   `-- overtaken, or a hole --> searching --(a claim's beginning found)--> at a record
//     `-- an orphan, by StepOverOrphan() --> behind it
#ifndef IPMPSC_INTERNAL_RING_OBSERVER_H_
#define IPMPSC_INTERNAL_RING_OBSERVER_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/observed_positions.h"
#include "ipmpsc/internal/ring/orphan_scan.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"

namespace ipmpsc::internal {

enum class Observation {
  kMessage,
  kNothing,     // nothing is claimed at the cursor
  kUnfinished,  // the record at the cursor is claimed and not committed, and not released
  kEnded,       // as kNothing, and nothing will be claimed any more
  kCorrupt,     // the record at the cursor, or the positions, contradict themselves
  kHole,        // a hole has ended at the cursor: see `last_hole`, and call again
  kMore,        // it has taken its bounded number of steps: call again
};

struct ObservedRecord {
  Position position;
  uint16_t sender;
  RecordTrailer trailer;  // zeros in channels without timestamps
};

// The gaps in the messages that an observer read. Bytes are with headers and padding.
struct ObserverGaps {
  uint64_t lost_bytes = 0;  // overwritten before they were read
  uint64_t overtakings = 0;
  uint64_t hole_bytes = 0;  // of claims that were never committed
  uint64_t holes = 0;
};

class Observer {
 public:
  enum class Start {
    kClaim,    // only what is claimed from now on
    kRelease,  // at the oldest record that is not released
    kKept,     // at the oldest record that will not be overwritten at once
    kAll,      // the same, if no participant lives: at the oldest record that is still whole
  };

  Observer(const Ring& ring, Start start);

  // Copies the next message's payload to `payload`. Takes a bounded number of steps, beside the
  // copy. The payload is as long as the ring at most.
  Observation Next(ObservedRecord* record, std::string* payload);

  // Called where `Next` has returned kUnfinished, seldom, since it reads every slot. Finds out
  // whether the record at the cursor is orphaned. If so, counts it as a hole and moves the cursor
  // behind it. `owner_of` as for `ScanForOrphan`.
  Scan StepOverOrphan(absl::FunctionRef<OwnerState(uint16_t slot)> owner_of);

  // The next position to read. While it searches, the next position to look at.
  Position cursor() const { return cursor_; }
  const ObserverGaps& gaps() const { return gaps_; }
  // Where the last hole began. It ended at the cursor if `Next` has returned kHole.
  Position last_hole() const { return last_hole_; }
  // The bits of the end that `Next` has seen with kEnded.
  ClaimWord end() const { return end_; }

 private:
  enum class Mode {
    kAtRecord,   // the cursor is where a record begins
    kStarting,   // searches for the first record
    kOvertaken,  // searches behind lost records, which begin at `gap_`
    kInHole,     // searches for the end of a hole, which begins at `gap_`
  };

  enum class Copy { kMessage, kDiscarded, kOvertaken, kCorrupt };

  // Copies the record at the cursor, which had its stamp, and moves the cursor behind it.
  Copy CopyRecord(ObservedRecord* record, std::string* payload);
  // Whether bytes of the record at `position` may have been overwritten when this thread read them.
  bool WasOvertaken(Position position) const;
  // Moves the cursor to where it begins, or continues after it was overtaken.
  void Restart(const ObservedPositions& positions);
  // Looks for the beginning of a claim from the cursor to `limit`, a position between two claims.
  // Leaves the cursor where it stopped. Adds what it took to `*steps`.
  void Search(Position limit, int* steps);
  // Counts the gap that ends at the cursor. Returns whether it is a hole.
  bool EndGap();

  const Ring ring_;
  const Start start_;
  Mode mode_ = Mode::kStarting;
  Position cursor_ = 0;
  Position gap_ = 0;
  ClaimWord end_ = 0;
  Position last_hole_ = 0;
  ObserverGaps gaps_;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_OBSERVER_H_
