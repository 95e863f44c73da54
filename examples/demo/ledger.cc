#include "examples/demo/ledger.h"

#include <errno.h>
#include <sys/mman.h>

#include <new>

#include "absl/status/status.h"

namespace ipmpsc::examples {

absl::StatusOr<DemoLedger*> DemoLedger::Create() {
  void* memory =
      mmap(nullptr, sizeof(DemoLedger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return absl::ErrnoToStatus(errno, "cannot allocate the demo's ledger");
  return new (memory) DemoLedger();
}

}  // namespace ipmpsc::examples
