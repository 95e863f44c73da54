// Helpers of all parts of the extension module: errors, timeouts, waits that Ctrl-C ends, buffers.
#ifndef IPMPSC_PYTHON_SRC_CORE_H_
#define IPMPSC_PYTHON_SRC_CORE_H_

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::python {

namespace nb = nanobind;

// Raises the exception of ipmpsc/_errors.py that belongs to the code.
[[noreturn]] void Raise(const absl::Status& status);
[[noreturn]] void Raise(absl::StatusCode code, const char* text);

inline void RaiseUnlessOk(const absl::Status& status) {
  if (!status.ok()) Raise(status);
}

template <typename T>
T ValueOrRaise(absl::StatusOr<T> result) {
  if (!result.ok()) Raise(result.status());
  return *std::move(result);
}

// Seconds, or None to wait without end.
using Timeout = std::optional<double>;
// Raises ValueError for NaN.
absl::Duration ToDuration(const Timeout& timeout);

// How long a wait stays away from the interpreter, which then looks for signals: Ctrl-C.
inline constexpr absl::Duration kSlice = absl::Milliseconds(20);

// Takes a str, bytes or os.PathLike.
std::string PathOf(nb::handle path);

// The text of the error of a call on an object that is busy.
inline constexpr char kBusyText[] =
    "another thread waits in this object, or a signal handler interrupted a wait in it: one thread "
    "at a time may use it";

// Releases the interpreter's lock, as nb::gil_scoped_release does, and takes it back. When the
// interpreter ends, a daemon thread never gets the lock back: Python 3.14 lets such a thread hang,
// and older ones call pthread_exit. That unwinds the stack, and the first function that is noexcept
// would end the program by std::terminate. So the thread hangs here.
class LockReleased {
 public:
  LockReleased() : state_(PyEval_SaveThread()) {}
  LockReleased(const LockReleased&) = delete;
  LockReleased& operator=(const LockReleased&) = delete;
  ~LockReleased() {
    try {
      PyEval_RestoreThread(state_);
    } catch (...) {  // Only that unwinding. A catch that ended would end the program, too.
      for (;;) pause();
    }
  }

 private:
  PyThreadState* const state_;
};

// Marks an object as busy during a wait. Made and destroyed with the interpreter's lock.
class Busy {
 public:
  explicit Busy(bool* busy) : busy_(busy) { *busy_ = true; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() { *busy_ = false; }

  // Called with the interpreter's lock after each slice of the wait.
  void Settle() {}

 private:
  bool* busy_;
};

// A wait in an object that no other thread has yet.
struct NotShared {
  void Settle() {}
};

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// Calls `wait(deadline)` without the interpreter's lock until it returns anything but
// kDeadlineExceeded, the timeout is over, or a signal handler raises. `mark` lives as long as the
// wait, so the program's signal handlers find the object busy, too.
template <typename Mark, typename Wait>
auto WaitInSlices(const Timeout& timeout, Mark&& mark, Wait wait) {
  using Result = decltype(wait(Deadline(kSlice)));
  const absl::Duration whole = ToDuration(timeout);
  // The text of a slice knows its own time only.
  const auto over = [whole](const absl::Status& slice) {
    return absl::DeadlineExceededError(absl::StrCat("the timeout of ", absl::FormatDuration(whole),
                                                    " is over; at last: ", slice.message()));
  };
  // The monotonic clock: setting the system's clock changes no wait.
  const auto begin = std::chrono::steady_clock::now();
  for (absl::Duration left = whole;;) {
    const bool last = left <= kSlice * 1.5;
    auto result = [&]() -> Result {
      const LockReleased released;
      return wait(Deadline(last ? std::max(left, absl::ZeroDuration()) : kSlice));
    }();
    mark.Settle();
    const absl::Status status = StatusOf(result);
    if (!absl::IsDeadlineExceeded(status)) return result;
    if (last) return left == whole ? std::move(result) : Result(over(status));
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
    left = whole - absl::FromChrono(std::chrono::steady_clock::now() - begin);
    // A call without time would not wait, and may have another answer.
    if (left <= absl::ZeroDuration()) return Result(over(status));
  }
}

// The bytes of an object with a buffer: bytes, bytearray, memoryview, a contiguous array.
class Bytes {
 public:
  // Raises BufferError or TypeError if it has no contiguous buffer.
  explicit Bytes(nb::handle object) {
    if (PyBytes_Check(object.ptr())) {
      view_ = {PyBytes_AS_STRING(object.ptr()),
               static_cast<size_t>(PyBytes_GET_SIZE(object.ptr()))};
      return;
    }
    if (PyObject_GetBuffer(object.ptr(), &buffer_, PyBUF_C_CONTIGUOUS) != 0) {
      throw nb::python_error();
    }
    view_ = {static_cast<const char*>(buffer_.buf), static_cast<size_t>(buffer_.len)};
  }
  Bytes(Bytes&& other) noexcept
      : view_(other.view_), buffer_(std::exchange(other.buffer_, Py_buffer{})) {}
  Bytes& operator=(Bytes&&) = delete;
  ~Bytes() {
    if (buffer_.obj != nullptr) PyBuffer_Release(&buffer_);
  }

  absl::string_view view() const { return view_; }

 private:
  absl::string_view view_;
  Py_buffer buffer_ = {};
};

// A channel's handle. Empty after its `with` block.
struct PyChannel {
  std::optional<Channel> channel;

  const Channel& get() const {
    if (!channel.has_value()) {
      Raise(absl::StatusCode::kFailedPrecondition, "the handle of the channel was released");
    }
    return *channel;
  }
};

// Binds what ipmpsc/_tasks.py asks before each result: whether the task should let others run,
// after 64 results without a wait. `count(self)` returns a reference to their number.
template <typename Class, typename CountOf>
void BindPause(Class& bound, CountOf count) {
  using Object = typename Class::Type;
  bound.def("_pause_is_due", [count](Object& self) { return ++count(self) % 64 == 0; });
}

// Returns an array over the bytes of `self`, of the whole or of a shape.
nb::object ArrayOf(nb::handle self, nb::handle dtype, nb::handle shape);

void BindSending(nb::module_& module);
void BindReceiving(nb::module_& module);
void BindWaitSet(nb::module_& module);
void BindStats(nb::module_& module, nb::class_<PyChannel>& channel);
void BindLooking(nb::module_& module);

}  // namespace ipmpsc::python

#endif  // IPMPSC_PYTHON_SRC_CORE_H_
