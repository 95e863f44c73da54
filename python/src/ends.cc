// Sender, Loan, Receiver and Lease.
//
// The interpreter's lock guards them, except during waits. During a wait the end is busy: calls
// from other threads are refused, and leases that they drop are released when the wait is over.
#include <nanobind/stl/string.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "core.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::python {
namespace {

using namespace nb::literals;  // NOLINT(google-build-using-namespace)

// The state that the handles of one end share.
struct End {
  bool busy = false;
  // Dropped by other threads during a wait.
  std::vector<Lease> dropped_leases;
  std::vector<Loan> dropped_loans;

  void Settle() {
    dropped_leases.clear();
    dropped_loans.clear();
  }
  void RefuseIfBusy() const {
    if (busy) {
      Raise(absl::StatusCode::kFailedPrecondition,
            "another thread waits in this object: one thread at a time may use it");
    }
  }
};

struct PySender {
  std::optional<Sender> sender;
  std::shared_ptr<End> end = std::make_shared<End>();

  Sender& get() {
    end->RefuseIfBusy();
    if (!sender.has_value()) {
      Raise(absl::StatusCode::kFailedPrecondition, "the sender was detached");
    }
    return *sender;
  }
  void Detach() {
    end->RefuseIfBusy();
    sender.reset();
  }
};

struct PyLoan {
  PyLoan(Loan claimed, std::shared_ptr<End> of)
      : loan(std::move(claimed)),
        end(std::move(of)),
        data(loan->payload().data()),
        size(loan->payload().size()) {}
  PyLoan(PyLoan&& other) noexcept
      : loan(std::exchange(other.loan, std::nullopt)),
        end(std::move(other.end)),
        data(other.data),
        size(other.size) {}
  ~PyLoan() { Discard(); }

  Loan& get() {
    end->RefuseIfBusy();
    if (!loan.has_value() || abandoned) {
      Raise(absl::StatusCode::kFailedPrecondition, "the loan was published or discarded before");
    }
    return *loan;
  }
  void RefuseIfViewed() const {
    if (views == 0) return;
    PyErr_SetString(PyExc_BufferError,
                    "views of the loan exist, which could write into a published message: delete "
                    "them first; the loan stays open");
    throw nb::python_error();
  }
  void Publish(std::optional<size_t> bytes) {
    Loan& open = get();
    if (bytes.has_value() && *bytes > size) {
      Raise(absl::StatusCode::kInvalidArgument,
            "the size exceeds the claimed size; the loan stays open");
    }
    RefuseIfViewed();
    std::move(open).Publish(bytes.value_or(size));
    loan.reset();
  }
  // Gives it back unsent, at the latest when its last view is gone.
  void Discard() {
    if (!loan.has_value()) return;
    abandoned = true;
    if (views != 0) return;
    if (end->busy) end->dropped_loans.push_back(*std::move(loan));
    loan.reset();
  }

  std::optional<Loan> loan;
  std::shared_ptr<End> end;
  char* data;
  size_t size;
  Py_ssize_t views = 0;
  bool abandoned = false;
};

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

struct PyReceiver {
  std::optional<Receiver> receiver;
  std::shared_ptr<End> end = std::make_shared<End>();

  Receiver& get() {
    end->RefuseIfBusy();
    if (!receiver.has_value()) {
      Raise(absl::StatusCode::kFailedPrecondition, "the receiver was detached");
    }
    return *receiver;
  }
  void Detach() {
    end->RefuseIfBusy();
    receiver.reset();
  }
};

// Waits for the next message. Without a wait the interpreter's lock is kept.
absl::StatusOr<Lease> Take(PyReceiver& self, const Timeout& timeout) {
  Receiver& receiver = self.get();
  absl::StatusOr<Lease> lease = receiver.TryReceive();
  if (!absl::IsUnavailable(lease.status())) return lease;
  return WaitInSlices(
      timeout, &self.end->busy, [&](Deadline deadline) { return receiver.Receive(deadline); },
      [&] { self.end->Settle(); });
}

nb::bytes CopyOf(const Lease& lease) {
  return nb::bytes(lease.payload().data(), lease.payload().size());
}

// Sends now, or else waits for space without the interpreter's lock.
void Send(PySender& self, nb::handle data, const Timeout& timeout) {
  Sender& sender = self.get();
  const Bytes bytes(data);
  absl::Status sent = sender.TrySend(bytes.view());
  if (absl::IsResourceExhausted(sent)) {
    sent = WaitInSlices(
        timeout, &self.end->busy,
        [&](Deadline deadline) { return sender.Send(bytes.view(), deadline); },
        [&] { self.end->Settle(); });
  }
  RaiseUnlessOk(sent);
}

bool TrySend(PySender& self, nb::handle data) {
  const absl::Status sent = self.get().TrySend(Bytes(data).view());
  if (absl::IsResourceExhausted(sent)) return false;
  RaiseUnlessOk(sent);
  return true;
}

void SendBatch(PySender& self, nb::iterable messages, const Timeout& timeout) {
  Sender& sender = self.get();
  // Keeps the objects alive, and so their bytes.
  std::vector<nb::object> objects;
  std::vector<Bytes> bytes;
  std::vector<absl::string_view> payloads;
  for (nb::handle message : messages) {
    objects.push_back(nb::borrow(message));
    bytes.emplace_back(message);
    payloads.push_back(bytes.back().view());
  }
  // An iterator is the program's code, which may have used the sender.
  self.get();
  absl::Status sent = sender.TrySendBatch(payloads);
  if (absl::IsResourceExhausted(sent)) {
    sent = WaitInSlices(
        timeout, &self.end->busy,
        [&](Deadline deadline) { return sender.SendBatch(payloads, deadline); },
        [&] { self.end->Settle(); });
  }
  RaiseUnlessOk(sent);
}

PyLoan Claim(PySender& self, size_t size, const Timeout& timeout) {
  Sender& sender = self.get();
  absl::StatusOr<Loan> loan = sender.TryClaim(size);
  if (absl::IsResourceExhausted(loan.status())) {
    loan = WaitInSlices(
        timeout, &self.end->busy, [&](Deadline deadline) { return sender.Claim(size, deadline); },
        [&] { self.end->Settle(); });
  }
  return PyLoan(ValueOrRaise(std::move(loan)), self.end);
}

int LoanGetBuffer(PyObject* object, Py_buffer* view, int flags) {
  PyLoan* const loan = nb::inst_ptr<PyLoan>(object);
  if (!loan->loan.has_value() || loan->abandoned) {
    PyErr_SetString(PyExc_BufferError, "the loan was published or discarded before");
    view->obj = nullptr;
    return -1;
  }
  if (PyBuffer_FillInfo(view, object, loan->data, static_cast<Py_ssize_t>(loan->size), 0, flags) !=
      0) {
    return -1;
  }
  ++loan->views;
  return 0;
}

void LoanReleaseBuffer(PyObject* object, Py_buffer*) {
  PyLoan* const loan = nb::inst_ptr<PyLoan>(object);
  if (--loan->views == 0 && loan->abandoned) loan->Discard();
}

int LeaseGetBuffer(PyObject* object, Py_buffer* view, int flags) {
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

PyType_Slot loan_slots[] = {
    {Py_bf_getbuffer, reinterpret_cast<void*>(LoanGetBuffer)},
    {Py_bf_releasebuffer, reinterpret_cast<void*>(LoanReleaseBuffer)},
    {0, nullptr},
};

PyType_Slot lease_slots[] = {
    {Py_bf_getbuffer, reinterpret_cast<void*>(LeaseGetBuffer)},
    {Py_bf_releasebuffer, reinterpret_cast<void*>(LeaseReleaseBuffer)},
    {0, nullptr},
};

// An array over the bytes of `self`, of the whole or of a shape.
nb::object ArrayOf(nb::handle self, nb::handle dtype, nb::handle shape) {
  const nb::module_ numpy = nb::module_::import_("numpy");
  nb::object array =
      numpy.attr("frombuffer")(self, dtype.is_none() ? numpy.attr("uint8") : nb::borrow(dtype));
  return shape.is_none() ? array : array.attr("reshape")(shape);
}

}  // namespace

void BindEnds(nb::module_& module) {
  nb::class_<PyLoan>(module, "Loan", nb::type_slots(loan_slots))
      .def("publish", &PyLoan::Publish, "size"_a = nb::none(),
           "Commits the first `size` bytes, or all. Raises BufferError while views of it exist.")
      .def("discard", &PyLoan::Discard,
           "Gives the space back unsent, when the last view of it is gone.")
      .def("numpy", &ArrayOf, "dtype"_a = nb::none(), "shape"_a = nb::none(),
           "Returns a writable array over the bytes: of uint8 unless `dtype` says another.")
      .def_prop_ro("position", [](PyLoan& self) { return self.get().position(); })
      .def("__len__", [](const PyLoan& self) { return self.size; })
      .def("__enter__", [](nb::handle self) { return nb::borrow(self); })
      .def("__exit__", [](PyLoan& self, nb::args raised) {
        if (!self.loan.has_value() || self.abandoned) return;
        if (!raised[0].is_none()) {
          self.Discard();
          return;
        }
        if (self.views != 0) {
          // The message is not sent. The last view gives the space back.
          self.abandoned = true;
          PyErr_SetString(PyExc_BufferError,
                          "views of the loan exist at the end of its block, so it is not "
                          "published: delete them in the block");
          throw nb::python_error();
        }
        self.Publish(std::nullopt);
      });

  nb::class_<PySender>(module, "Sender")
      .def(
          "__init__",
          [](PySender* self, const PyChannel& channel, const std::string& name,
             bool require_receiver, bool require_path) {
            SenderOptions options;
            options.name = name;
            options.require_receiver = require_receiver;
            options.require_path = require_path;
            new (self) PySender{ValueOrRaise(Sender::Attach(channel.get(), options))};
          },
          "channel"_a, nb::kw_only(), "name"_a = "", "require_receiver"_a = false,
          "require_path"_a = false, "Takes a free sender slot of the channel.")
      .def("send", &Send, "data"_a, "timeout"_a = nb::none(),
           "Sends a message from an object with a buffer. Waits up to `timeout` seconds for space.")
      .def("try_send", &TrySend, "data"_a,
           "Sends a message if there is space now. Returns whether there was.")
      .def("send_batch", &SendBatch, "messages"_a, "timeout"_a = nb::none(),
           "Sends all messages in one step: the receiver gets them together, or none of them.")
      .def(
          "send_when_empty",
          [](PySender& self, nb::handle data, const Timeout& timeout) {
            Sender& sender = self.get();
            const Bytes bytes(data);
            RaiseUnlessOk(WaitInSlices(
                timeout, &self.end->busy,
                [&](Deadline deadline) { return sender.SendWhenEmpty(bytes.view(), deadline); },
                [&] { self.end->Settle(); }));
          },
          "data"_a, "timeout"_a = nb::none(),
          "Waits until all earlier messages have been released, then sends.")
      .def("claim", &Claim, "size"_a, "timeout"_a = nb::none(),
           "Claims `size` bytes to be written in place. `with` publishes the loan.")
      .def_prop_ro("slot", [](PySender& self) { return self.get().slot(); })
      .def("detach", &PySender::Detach, "Gives the slot back.")
      .def("__enter__", [](nb::handle self) { return nb::borrow(self); })
      .def("__exit__", [](PySender& self, nb::args) { self.Detach(); });

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

  nb::class_<PyReceiver>(module, "Receiver")
      .def(
          "__init__",
          [](PyReceiver* self, const PyChannel& channel, const Timeout& timeout,
             const std::string& name, bool end_without_senders, bool require_path) {
            ReceiverOptions options;
            options.name = name;
            options.end_without_senders = end_without_senders;
            options.require_path = require_path;
            bool busy = false;
            // A receiver that is found in place at the end of a slice is what the deadline is for
            // others.
            absl::StatusOr<Receiver> attached = WaitInSlices(
                timeout, &busy,
                [&](Deadline deadline) -> absl::StatusOr<Receiver> {
                  options.deadline = deadline;
                  absl::StatusOr<Receiver> receiver = Receiver::Attach(channel.get(), options);
                  if (!absl::IsAlreadyExists(receiver.status())) return receiver;
                  return absl::DeadlineExceededError(receiver.status().message());
                },
                [] {});
            if (absl::IsDeadlineExceeded(attached.status())) {
              Raise(absl::AlreadyExistsError(attached.status().message()));
            }
            new (self) PyReceiver{ValueOrRaise(std::move(attached))};
          },
          "channel"_a, "timeout"_a = Timeout(0.0), nb::kw_only(), "name"_a = "",
          "end_without_senders"_a = false, "require_path"_a = false,
          "Becomes the channel's receiver. Waits up to `timeout` seconds for another one to go.")
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
          "try_receive",
          [](PyReceiver& self) -> std::optional<PyLease> {
            absl::StatusOr<Lease> lease = self.get().TryReceive();
            if (absl::IsUnavailable(lease.status())) return std::nullopt;
            return PyLease(ValueOrRaise(std::move(lease)), self.end);
          },
          "Returns the next message, or None if there is none now.")
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
}

}  // namespace ipmpsc::python
