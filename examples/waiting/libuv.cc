// A receiver in a loop of libuv.
#include <cstdint>
#include <cstdio>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "examples/command_line.h"
#include "examples/waiting/world.h"
#include "ipmpsc/receiver.h"

#ifdef IPMPSC_HAS_LIBUV

#include <uv.h>

namespace ipmpsc::examples {
namespace {

struct Context {
  Receiver* receiver;
  uint64_t left;
};

// Drain, then arm. Libuv waits.
void OnReadable(uv_poll_t* handle, int, int) {
  auto* const context = static_cast<Context*>(handle->data);
  do {
    const absl::StatusOr<size_t> count =
        context->receiver->Drain([](const Record& record) { Use(record.payload); });
    if (!count.ok() && !absl::IsUnavailable(count.status())) {
      Fail(kFault, count.status().message());
    }
    context->left -= count.ok() ? *count : 0;
  } while (!context->receiver->Arm());
  if (context->left == 0) uv_poll_stop(handle);
}

int Main() {
  World world(1, 1000);
  Context context = {&world.receivers[0], world.messages()};
  const absl::StatusOr<int> fd = context.receiver->Fd();
  if (!fd.ok()) Fail(kFault, fd.status().message());
  uv_poll_t handle;
  uv_poll_init(uv_default_loop(), &handle, *fd);
  handle.data = &context;
  uv_poll_start(&handle, UV_READABLE, OnReadable);
  world.StartSending();
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  std::printf("received %llu messages\n", static_cast<unsigned long long>(world.messages()));
  return 0;
}

}  // namespace
}  // namespace ipmpsc::examples

int main() { return ipmpsc::examples::Main(); }

#else

int main() { std::printf("skipped: libuv is not installed\n"); }

#endif
