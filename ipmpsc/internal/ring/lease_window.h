// LeaseWindow: the leases that are held. Leases are released in any order, but space is released in
// order.
#ifndef IPMPSC_INTERNAL_RING_LEASE_WINDOW_H_
#define IPMPSC_INTERNAL_RING_LEASE_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ipmpsc/internal/ring/position.h"

namespace ipmpsc::internal {

// Allocates when it is made, and in `MakeRoom` when more leases are held at the same time than ever
// before.
class LeaseWindow {
 public:
  // Without room if `has_room` is false: `full()` until `MakeRoom`, whose first call then does not
  // allocate.
  explicit LeaseWindow(bool has_room = true) {
    holds_.reserve(kInitialSize);
    if (has_room) holds_.resize(kInitialSize);
  }

  bool empty() const { return oldest_ == next_; }

  // Whether `Add` needs `MakeRoom` first.
  bool full() const { return next_ - oldest_ == holds_.size(); }

  // Makes room for `count` more leases, 1 or 2. Call it before taking the record, so that a failed
  // allocation loses nothing.
  void MakeRoom(size_t count = 1) {
    if (next_ - oldest_ + count > holds_.size()) Grow();
  }

  // Adds a lease on the record at `position`, which is later than all before. Returns its ticket.
  // REQUIRES: !full().
  uint64_t Add(Position position) {
    At(next_) = {position, true};
    return next_++;
  }

  // Ends the lease. Returns whether another lease is now the oldest that is held.
  bool Remove(uint64_t ticket) {
    At(ticket).held = false;
    if (ticket != oldest_) return false;
    while (oldest_ != next_ && !At(oldest_).held) ++oldest_;
    return true;
  }

  // Returns the position of the record of a lease that is held.
  Position position(uint64_t ticket) const { return holds_[ticket & (holds_.size() - 1)].position; }

  // Returns the position of the oldest record that is held. REQUIRES: !empty().
  Position oldest() const { return position(oldest_); }

 private:
  static constexpr size_t kInitialSize = 64;  // a power of two, like every size

  struct Hold {
    Position position;
    bool held;
  };

  Hold& At(uint64_t ticket) { return holds_[ticket & (holds_.size() - 1)]; }

  void Grow() {
    if (holds_.empty()) {
      holds_.resize(kInitialSize);
      return;
    }
    std::vector<Hold> larger(holds_.size() * 2);
    for (uint64_t ticket = oldest_; ticket != next_; ++ticket)
      larger[ticket & (larger.size() - 1)] = At(ticket);
    holds_.swap(larger);
  }

  std::vector<Hold> holds_;
  uint64_t oldest_ = 0;  // ticket
  uint64_t next_ = 0;    // ticket
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_LEASE_WINDOW_H_
