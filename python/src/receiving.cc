// Receiver and Lease.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "core.h"
#include "ends.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"

namespace ipmpsc::python {
namespace {

using namespace nb::literals;  // NOLINT(google-build-using-namespace)

struct PyLease {
  PyLease(Lease taken, std::shared_ptr<End> of) : lease(std::move(taken)), end(std::move(of)) {}
  PyLease(PyLease&& other) noexcept
      : lease(std::exchange(other.lease, std::nullopt)), end(std::move(other.end)) {}
  ~PyLease() { Release(); }

  const Lease& get() const {
    if (!lease.has_value() || released) {
      Raise(absl::StatusCode::kFailedPrecondition, "the lease was released");
    }
    return *lease;
  }
  // Gives it back, at the latest when its last view is gone.
  void Release() {
    if (!lease.has_value()) return;
    released = true;
    if (views != 0) return;
    if (end->busy) end->dropped_leases.push_back(*std::move(lease));
    lease.reset();
  }

  std::optional<Lease> lease;
  std::shared_ptr<End> end;
  Py_ssize_t views = 0;
  bool released = false;
};

// Waits for the next message, or the newest one. Without a wait the interpreter's lock is kept.
absl::StatusOr<Lease> Take(PyReceiver& self, const Timeout& timeout, bool latest = false) {
  Receiver& receiver = self.get();
  absl::StatusOr<Lease> lease = latest ? receiver.TryReceiveLatest() : receiver.TryReceive();
  if (!absl::IsUnavailable(lease.status())) return lease;
  return WaitInSlices(timeout, BusyEnd(self.end.get()), [&](Deadline deadline) {
    return latest ? receiver.ReceiveLatest(deadline) : receiver.Receive(deadline);
  });
}

nb::bytes CopyOf(const Lease& lease) {
  return nb::bytes(lease.payload().data(), lease.payload().size());
}

std::optional<PyLease> NoneIfUnavailable(PyReceiver& self, absl::StatusOr<Lease> lease) {
  if (absl::IsUnavailable(lease.status())) return std::nullopt;
  return PyLease(ValueOrRaise(std::move(lease)), self.end);
}

ReceiverStart StartOf(const std::string& start) {
  if (start == "oldest") return ReceiverStart::kOldest;
  if (start == "now") return ReceiverStart::kNow;
  Raise(absl::StatusCode::kInvalidArgument, "start is one of 'oldest' and 'now'");
}

PyReceiver AttachReceiver(const PyChannel& channel, const Timeout& timeout, const std::string& name,
                          bool end_without_senders, bool require_path, const std::string& start) {
  ReceiverOptions options;
  options.name = name;
  options.end_without_senders = end_without_senders;
  options.require_path = require_path;
  options.start = StartOf(start);
  // Another thread may leave the handle's `with` block during the wait.
  const Channel of = channel.get();
  // A receiver that is found in place at the end of a slice is what the deadline is for others.
  absl::StatusOr<Receiver> attached =
      WaitInSlices(timeout, NotShared(), [&](Deadline deadline) -> absl::StatusOr<Receiver> {
        options.deadline = deadline;
        absl::StatusOr<Receiver> receiver = Receiver::Attach(of, options);
        if (!absl::IsAlreadyExists(receiver.status())) return receiver;
        return absl::DeadlineExceededError(receiver.status().message());
      });
  if (absl::IsDeadlineExceeded(attached.status())) {
    Raise(absl::AlreadyExistsError(attached.status().message()));
  }
  return {ValueOrRaise(std::move(attached))};
}

int LeaseGetBuffer(PyObject* object, Py_buffer* view, int flags) {
  if (!nb::inst_ready(object)) {  // by `__new__` alone
    PyErr_SetString(PyExc_BufferError, "the object was not made by its receiver");
    view->obj = nullptr;
    return -1;
  }
  PyLease* const lease = nb::inst_ptr<PyLease>(object);
  if (!lease->lease.has_value() || lease->released) {
    PyErr_SetString(PyExc_BufferError, "the lease was released");
    view->obj = nullptr;
    return -1;
  }
  const absl::string_view payload = lease->lease->payload();
  if (PyBuffer_FillInfo(view, object, const_cast<char*>(payload.data()),
                        static_cast<Py_ssize_t>(payload.size()), 1, flags) != 0) {
    return -1;
  }
  ++lease->views;
  return 0;
}

void LeaseReleaseBuffer(PyObject* object, Py_buffer*) {
  PyLease* const lease = nb::inst_ptr<PyLease>(object);
  if (--lease->views == 0 && lease->released) lease->Release();
}

PyType_Slot lease_slots[] = {
    {Py_bf_getbuffer, reinterpret_cast<void*>(LeaseGetBuffer)},
    {Py_bf_releasebuffer, reinterpret_cast<void*>(LeaseReleaseBuffer)},
    {0, nullptr},
};

}  // namespace

void BindReceiving(nb::module_& module) {
  nb::class_<PyLease>(module, "Lease", nb::type_slots(lease_slots))
      .def("release", &PyLease::Release,
           "Gives the message back, when the last view of it is gone.")
      .def(
          "bytes", [](const PyLease& self) { return CopyOf(self.get()); }, "Returns a copy.")
      .def("__bytes__", [](const PyLease& self) { return CopyOf(self.get()); })
      .def("numpy", &ArrayOf, "dtype"_a = nb::none(), "shape"_a = nb::none(),
           "Returns a read-only array over the bytes, which keeps the message until it is gone.")
      .def_prop_ro("position", [](const PyLease& self) { return self.get().position(); })
      .def_prop_ro("sender", [](const PyLease& self) { return self.get().sender(); })
      .def_prop_ro("sequence", [](const PyLease& self) { return self.get().sequence(); })
      .def_prop_ro("sent_at",
                   [](const PyLease& self) -> std::optional<int64_t> {
                     const absl::Time time = self.get().sent_at();
                     if (time == absl::InfinitePast()) return std::nullopt;
                     return absl::ToUnixNanos(time);
                   })
      .def("__len__", [](const PyLease& self) { return self.get().payload().size(); })
      .def("__enter__", [](nb::handle self) { return nb::borrow(self); })
      .def("__exit__", [](PyLease& self, nb::args) { self.Release(); });

  nb::class_<Skipped>(module, "Skipped")
      .def_ro("messages", &Skipped::messages)
      .def_ro("bytes", &Skipped::bytes);

  nb::class_<PyReceiver> receiver(module, "Receiver", nb::type_slots(end_slots<PyReceiver>));
  receiver
      .def(
          "__init__",
          [](PyReceiver* self, const PyChannel& channel, const Timeout& timeout,
             const std::string& name, bool end_without_senders, bool require_path,
             const std::string& start) {
            new (self) PyReceiver(
                AttachReceiver(channel, timeout, name, end_without_senders, require_path, start));
          },
          "channel"_a, "timeout"_a = Timeout(0.0), nb::kw_only(), "name"_a = "",
          "end_without_senders"_a = false, "require_path"_a = false, "start"_a = "oldest",
          "Becomes the channel's receiver. Waits up to `timeout` seconds for another one to go. "
          "`start` is 'oldest', or 'now' to pass over the messages that are there.")
      .def(
          "receive",
          [](PyReceiver& self, const Timeout& timeout) {
            return PyLease(ValueOrRaise(Take(self, timeout)), self.end);
          },
          "timeout"_a = nb::none(), "Waits up to `timeout` seconds for the next message.")
      .def(
          "receive_bytes",
          [](PyReceiver& self, const Timeout& timeout) {
            return CopyOf(ValueOrRaise(Take(self, timeout)));
          },
          "timeout"_a = nb::none(), "As `receive`, but returns a copy and releases the message.")
      .def(
          "receive_latest",
          [](PyReceiver& self, const Timeout& timeout) {
            return PyLease(ValueOrRaise(Take(self, timeout, /*latest=*/true)), self.end);
          },
          "timeout"_a = nb::none(),
          "As `receive`, but takes the newest message and releases those before it unread.")
      .def(
          "try_receive",
          [](PyReceiver& self) { return NoneIfUnavailable(self, self.get().TryReceive()); },
          "Returns the next message, or None if there is none now.")
      .def(
          "try_receive_latest",
          [](PyReceiver& self) { return NoneIfUnavailable(self, self.get().TryReceiveLatest()); },
          "Returns the newest message, or None if there is none now.")
      .def(
          "receive_available",
          [](PyReceiver& self, size_t max_messages) {
            nb::list messages;
            const absl::StatusOr<size_t> drained = self.get().Drain(
                [&](const Record& record) {
                  messages.append(nb::bytes(record.payload.data(), record.payload.size()));
                },
                max_messages);
            if (!absl::IsUnavailable(drained.status())) RaiseUnlessOk(drained.status());
            return messages;
          },
          "max_messages"_a = 1000,
          "Returns copies of the messages that are there now, at most `max_messages`.")
      .def(
          "interrupt",
          [](PyReceiver& self) {
            if (self.receiver.has_value()) self.receiver->Interrupt();
          },
          "Ends a running wait with CancelledError, or else the next one. For any thread.")
      .def(
          "fileno", [](PyReceiver& self) { return ValueOrRaise(self.get().Fd()); },
          "Returns a descriptor, which the receiver owns, for an event loop. It becomes readable "
          "when there is a message. First receive all, and `arm`.")
      .def(
          "arm", [](PyReceiver& self) { return self.get().Arm(); },
          "Makes the descriptor unreadable until the next message. False: there is one already.")
      .def_prop_ro("skipped", [](PyReceiver& self) { return self.peek().skipped(); })
      .def_prop_ro("dropped", [](PyReceiver& self) { return self.peek().dropped(); })
      .def_prop_ro("channel", [](PyReceiver& self) { return PyChannel{self.peek().channel()}; })
      .def("detach", &PyReceiver::Detach,
           "Leaves the channel, when the last lease is released, too.")
      .def("__iter__", [](nb::handle self) { return nb::borrow(self); })
      .def("__next__",
           [](PyReceiver& self) {
             absl::StatusOr<Lease> lease = Take(self, std::nullopt);
             if (absl::IsOutOfRange(lease.status())) throw nb::stop_iteration();
             return PyLease(ValueOrRaise(std::move(lease)), self.end);
           })
      .def("__enter__", [](nb::handle self) { return nb::borrow(self); })
      .def("__exit__", [](PyReceiver& self, nb::args) { self.Detach(); });
  BindTasks(receiver, [](PyReceiver& self) -> Use& { return *self.end; });
}

}  // namespace ipmpsc::python
