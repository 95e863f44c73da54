#include "examples/stop.h"

#include <signal.h>

namespace ipmpsc::examples {
namespace {

volatile sig_atomic_t stop_requested = 0;

}  // namespace

void StopOnSignals() {
  struct sigaction action = {};
  action.sa_handler = [](int) { stop_requested = 1; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool StopRequested() { return stop_requested != 0; }

}  // namespace ipmpsc::examples
