// RouDi: the daemon that every process needs to use iceoryx. A machine has at most one.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_ROUDI_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_ROUDI_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"

namespace ipmpsc::benchmarks {

// The memory that RouDi lends: `count` pieces of `size` bytes each.
struct RouDiPool {
  size_t size;
  size_t count;
};

class RouDi {
 public:
  // Returns the running RouDi of this process, if its pool is large enough. Two transports then
  // share it (those of a ping-pong, with a message in each). Otherwise starts one, after those of
  // other processes that use this class have ended. Errors: kUnavailable - it did not start in 10
  // s, perhaps since another one runs. kFailedPrecondition - it has a smaller pool.
  static absl::StatusOr<std::shared_ptr<RouDi>> Get(RouDiPool pool);

  RouDi(const RouDi&) = delete;
  RouDi& operator=(const RouDi&) = delete;
  // Stops RouDi if this process started it.
  ~RouDi();

 private:
  RouDi(RouDiPool pool, int lock) : pool_(pool), lock_(lock) {}
  absl::Status Start();

  const RouDiPool pool_;
  const int lock_;   // held while it runs
  int owner_ = -1;   // the process that started it
  int daemon_ = -1;  // its own process
};

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_ROUDI_H_
