// Sender and Loan.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "core.h"
#include "ends.h"
#include "ipmpsc/options.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::python {
namespace {

using namespace nb::literals;  // NOLINT(google-build-using-namespace)

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

// The answer to a message that a lossy channel has no space for.
absl::Status Dropped() {
  return absl::ResourceExhaustedError(
      "the lossy channel has no space: the message was dropped, and the sender's `dropped` counts "
      "it");
}

bool IsLossy(const Sender& sender) { return sender.channel().on_full() == OnFull::kDropNewest; }

// Calls `now()`, and if there is no space `wait(deadline)` in slices without the interpreter's
// lock. Both return an absl::Status or an absl::StatusOr.
template <typename Now, typename Wait>
auto NowOrLater(PySender& self, const Timeout& timeout, Now now, Wait wait) {
  Sender& sender = self.get();
  auto result = now(sender);
  if (!absl::IsResourceExhausted(StatusOf(result))) return result;
  // A lossy channel has counted the message. Another try would count it again.
  if (IsLossy(sender)) {
    result = Dropped();
    return result;
  }
  return WaitInSlices(timeout, BusyEnd(self.end.get()),
                      [&](Deadline deadline) { return wait(sender, deadline); });
}

void Send(PySender& self, nb::handle data, const Timeout& timeout) {
  // First, since a buffer may be the program's code.
  const Bytes bytes(data);
  RaiseUnlessOk(NowOrLater(
      self, timeout, [&](Sender& sender) { return sender.TrySend(bytes.view()); },
      [&](Sender& sender, Deadline deadline) { return sender.Send(bytes.view(), deadline); }));
}

bool TrySend(PySender& self, nb::handle data) {
  const Bytes bytes(data);
  const absl::Status sent = self.get().TrySend(bytes.view());
  if (absl::IsResourceExhausted(sent)) return false;
  RaiseUnlessOk(sent);
  return true;
}

// The messages of a batch. Keeps their objects alive, and so their bytes.
class Batch {
 public:
  explicit Batch(nb::iterable messages) {
    for (nb::handle message : messages) {
      objects_.push_back(nb::borrow(message));
      bytes_.emplace_back(message);
      payloads_.push_back(bytes_.back().view());
    }
  }

  const std::vector<absl::string_view>& payloads() const { return payloads_; }

 private:
  std::vector<nb::object> objects_;
  std::vector<Bytes> bytes_;
  std::vector<absl::string_view> payloads_;
};

void SendBatch(PySender& self, nb::iterable messages, const Timeout& timeout) {
  const Batch batch(messages);
  RaiseUnlessOk(NowOrLater(
      self, timeout, [&](Sender& sender) { return sender.TrySendBatch(batch.payloads()); },
      [&](Sender& sender, Deadline deadline) {
        return sender.SendBatch(batch.payloads(), deadline);
      }));
}

bool TrySendBatch(PySender& self, nb::iterable messages) {
  const Batch batch(messages);
  const absl::Status sent = self.get().TrySendBatch(batch.payloads());
  if (absl::IsResourceExhausted(sent)) return false;
  RaiseUnlessOk(sent);
  return true;
}

// Waits until all earlier messages are released. A lossy channel does not wait.
template <typename Wait>
auto WhenEmpty(PySender& self, const Timeout& timeout, Wait wait) {
  Sender& sender = self.get();
  auto result = WaitInSlices(timeout, BusyEnd(self.end.get()),
                             [&](Deadline deadline) { return wait(sender, deadline); });
  if (absl::IsResourceExhausted(StatusOf(result)) && IsLossy(sender)) result = Dropped();
  return result;
}

void SendWhenEmpty(PySender& self, nb::handle data, const Timeout& timeout) {
  const Bytes bytes(data);
  RaiseUnlessOk(WhenEmpty(self, timeout, [&](Sender& sender, Deadline deadline) {
    return sender.SendWhenEmpty(bytes.view(), deadline);
  }));
}

PyLoan Claim(PySender& self, size_t size, const Timeout& timeout) {
  return PyLoan(
      ValueOrRaise(NowOrLater(
          self, timeout, [&](Sender& sender) { return sender.TryClaim(size); },
          [&](Sender& sender, Deadline deadline) { return sender.Claim(size, deadline); })),
      self.end);
}

std::optional<PyLoan> TryClaim(PySender& self, size_t size) {
  absl::StatusOr<Loan> loan = self.get().TryClaim(size);
  if (absl::IsResourceExhausted(loan.status())) return std::nullopt;
  return PyLoan(ValueOrRaise(std::move(loan)), self.end);
}

PyLoan ClaimWhenEmpty(PySender& self, size_t size, const Timeout& timeout) {
  return PyLoan(ValueOrRaise(WhenEmpty(self, timeout,
                                       [&](Sender& sender, Deadline deadline) {
                                         return sender.ClaimWhenEmpty(size, deadline);
                                       })),
                self.end);
}

void WaitUntilReleased(PySender& self, std::optional<uint64_t> position, const Timeout& timeout) {
  Sender& sender = self.get();
  const uint64_t until = position.value_or(sender.sent_position());
  RaiseUnlessOk(WaitInSlices(timeout, BusyEnd(self.end.get()), [&](Deadline deadline) {
    return sender.WaitUntilReleased(until, deadline);
  }));
}

PySender AttachSender(const PyChannel& channel, const Timeout& timeout, const std::string& name,
                      bool require_receiver, bool require_path) {
  SenderOptions options;
  options.name = name;
  options.require_receiver = require_receiver;
  options.require_path = require_path;
  // Another thread may leave the handle's `with` block during the wait.
  const Channel of = channel.get();
  // Slots that are taken at the end of a slice are what the deadline is for others.
  absl::StatusOr<Sender> attached =
      WaitInSlices(timeout, NotShared(), [&](Deadline deadline) -> absl::StatusOr<Sender> {
        options.deadline = deadline;
        absl::StatusOr<Sender> sender = Sender::Attach(of, options);
        if (!absl::IsResourceExhausted(sender.status())) return sender;
        return absl::DeadlineExceededError(sender.status().message());
      });
  if (absl::IsDeadlineExceeded(attached.status())) {
    Raise(absl::ResourceExhaustedError(attached.status().message()));
  }
  return {ValueOrRaise(std::move(attached))};
}

int LoanGetBuffer(PyObject* object, Py_buffer* view, int flags) {
  if (!nb::inst_ready(object)) {  // by `__new__` alone
    PyErr_SetString(PyExc_BufferError, "the object was not made by its sender");
    view->obj = nullptr;
    return -1;
  }
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

PyType_Slot loan_slots[] = {
    {Py_bf_getbuffer, reinterpret_cast<void*>(LoanGetBuffer)},
    {Py_bf_releasebuffer, reinterpret_cast<void*>(LoanReleaseBuffer)},
    {0, nullptr},
};

}  // namespace

void BindSending(nb::module_& module) {
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

  nb::class_<PySender> sender(module, "Sender", nb::type_slots(end_slots<PySender>));
  sender
      .def(
          "__init__",
          [](PySender* self, const PyChannel& channel, const Timeout& timeout,
             const std::string& name, bool require_receiver, bool require_path) {
            new (self)
                PySender(AttachSender(channel, timeout, name, require_receiver, require_path));
          },
          "channel"_a, "timeout"_a = Timeout(0.0), nb::kw_only(), "name"_a = "",
          "require_receiver"_a = false, "require_path"_a = false,
          "Takes a free sender slot of the channel. Waits up to `timeout` seconds for one.")
      .def("send", &Send, "data"_a, "timeout"_a = nb::none(),
           "Sends a message from an object with a buffer. Waits up to `timeout` seconds for space.")
      .def("try_send", &TrySend, "data"_a,
           "Sends a message if there is space now. Returns whether there was.")
      .def("send_batch", &SendBatch, "messages"_a, "timeout"_a = nb::none(),
           "Sends all messages in one step: the receiver gets them together, or none of them.")
      .def("try_send_batch", &TrySendBatch, "messages"_a,
           "Sends all messages in one step if there is space now. Returns whether there was.")
      .def("send_when_empty", &SendWhenEmpty, "data"_a, "timeout"_a = nb::none(),
           "Waits until all earlier messages have been released, then sends.")
      .def("claim", &Claim, "size"_a, "timeout"_a = nb::none(),
           "Claims `size` bytes to be written in place. `with` publishes the loan.")
      .def("try_claim", &TryClaim, "size"_a, "As `claim`, but returns None if there is no space.")
      .def("claim_when_empty", &ClaimWhenEmpty, "size"_a, "timeout"_a = nb::none(),
           "Waits until all earlier messages have been released, then claims.")
      .def("wait_until_released", &WaitUntilReleased, "position"_a = nb::none(),
           "timeout"_a = nb::none(),
           "Waits until the receiver has released all messages before `position`, by default those "
           "that this sender has sent.")
      .def(
          "interrupt",
          [](PySender& self) {
            if (self.sender.has_value()) self.sender->Interrupt();
          },
          "Ends a running wait with CancelledError, or else the next one. For any thread.")
      .def(
          "fileno", [](PySender& self, size_t size) { return ValueOrRaise(self.get().Fd(size)); },
          "size"_a = 1,
          "Returns a descriptor, which the sender owns, for an event loop. It becomes readable "
          "when a message of `size` bytes finds space. First `arm`.")
      .def(
          "arm", [](PySender& self) { return self.get().Arm(); },
          "Makes the descriptor unreadable until there is space. False: there is some already.")
      .def(
          "set_next_sequence",
          [](PySender& self, uint64_t sequence) {
            RaiseUnlessOk(self.get().SetNextSequence(sequence));
          },
          "sequence"_a,
          "Sets the number of the next message. The numbers of a slot only grow. For channels with "
          "timestamps.")
      .def_prop_ro("slot", [](PySender& self) { return self.peek().slot(); })
      .def_prop_ro("dropped", [](PySender& self) { return self.peek().dropped(); })
      .def_prop_ro("sent_position", [](PySender& self) { return self.peek().sent_position(); })
      .def_prop_ro("channel", [](PySender& self) { return PyChannel{self.peek().channel()}; })
      .def("detach", &PySender::Detach, "Gives the slot back.")
      .def("__enter__", [](nb::handle self) { return nb::borrow(self); })
      .def("__exit__", [](PySender& self, nb::args) { self.Detach(); });
  BindTasks(sender, [](PySender& self) -> Use& { return *self.end; });
}

}  // namespace ipmpsc::python
