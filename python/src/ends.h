// The ends of a channel, as the parts of the extension module share them.
//
// The interpreter's lock guards them, except during waits. During a wait the end is busy: calls
// from other threads are refused, and leases and loans that they drop are released when the wait
// looks up. While a task of asyncio waits for the end's descriptor the end is awaited: it is
// refused to all but that task, and leases may be dropped.
#ifndef IPMPSC_PYTHON_SRC_ENDS_H_
#define IPMPSC_PYTHON_SRC_ENDS_H_

#include <nanobind/nanobind.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::python {

// The part of the state of an object that waits of threads and of tasks share.
struct Use {
  bool busy = false;
  bool awaited = false;
  // Counts the results that a task got without a wait: see `BindPause`.
  uint32_t eager = 0;
  // ipmpsc/_tasks.py keeps the queue of its tasks here.
  nb::object turns = nb::none();

  void RefuseIfBusy() const {
    if (busy) Raise(absl::StatusCode::kFailedPrecondition, kBusyText);
  }
  void Refuse() const {
    RefuseIfBusy();
    if (awaited) {
      Raise(absl::StatusCode::kFailedPrecondition,
            "a task waits in this object: use it in that task, or cancel the task and await its "
            "end first");
    }
  }
};

// The state that the handles of one end share.
struct End : Use {
  // Dropped by other threads during a wait.
  std::vector<Lease> dropped_leases;
  std::vector<Loan> dropped_loans;

  void Settle() {
    dropped_leases.clear();
    dropped_loans.clear();
  }
};

// Marks an end as busy during a wait.
class BusyEnd {
 public:
  explicit BusyEnd(End* end) : end_(end) { end_->busy = true; }
  BusyEnd(const BusyEnd&) = delete;
  BusyEnd& operator=(const BusyEnd&) = delete;
  ~BusyEnd() {
    end_->Settle();
    end_->busy = false;
  }

  void Settle() { end_->Settle(); }

 private:
  End* end_;
};

struct PySender {
  std::optional<Sender> sender;
  std::shared_ptr<End> end = std::make_shared<End>();

  // For what uses the sender.
  Sender& get() {
    end->Refuse();
    return peek();
  }
  // For what looks at it, also while a task waits.
  Sender& peek() {
    end->RefuseIfBusy();
    if (!sender.has_value()) {
      Raise(absl::StatusCode::kFailedPrecondition, "the sender was detached");
    }
    return *sender;
  }
  void Detach() {
    end->Refuse();
    sender.reset();
  }
};

struct PyReceiver {
  std::optional<Receiver> receiver;
  std::shared_ptr<End> end = std::make_shared<End>();

  // For what uses the receiver.
  Receiver& get() {
    end->Refuse();
    return peek();
  }
  // For what looks at it, also while a task waits.
  Receiver& peek() {
    end->RefuseIfBusy();
    if (!receiver.has_value()) {
      Raise(absl::StatusCode::kFailedPrecondition, "the receiver was detached");
    }
    return *receiver;
  }
  void Detach() {
    end->Refuse();
    receiver.reset();
  }
};

// The collector of garbage finds cycles through the queue of tasks: the queue knows its event loop,
// and that the tasks that use the end. Leases, loans and wait sets share the state, but do not show
// the queue, so it is the end's alone.
template <typename Object>
int TraverseTurns(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  if (!nb::inst_ready(object)) return 0;
  Py_VISIT(nb::inst_ptr<Object>(object)->end->turns.ptr());
  return 0;
}

template <typename Object>
int ClearTurns(PyObject* object) {
  if (!nb::inst_ready(object)) return 0;
  // Destroyed when the end has it no more, since that may run the program's code.
  const nb::object turns =
      std::exchange(nb::inst_ptr<Object>(object)->end->turns, nb::object(nb::none()));
  return 0;
}

template <typename Object>
inline PyType_Slot end_slots[] = {
    {Py_tp_traverse, reinterpret_cast<void*>(TraverseTurns<Object>)},
    {Py_tp_clear, reinterpret_cast<void*>(ClearTurns<Object>)},
    {0, nullptr},
};

// Binds what ipmpsc/_tasks.py needs of an object that tasks wait for. `use(self)` returns its
// `Use`.
template <typename Class, typename UseOf>
void BindTasks(Class& bound, UseOf use) {
  using Object = typename Class::Type;
  bound
      .def_prop_rw(
          "_turns", [use](Object& self) { return use(self).turns; },
          [use](Object& self, nb::handle turns) { use(self).turns = nb::borrow(turns); },
          nb::for_setter(nb::arg("turns").none()))
      .def("_begin_wait",
           [use](Object& self) {
             use(self).Refuse();
             use(self).awaited = true;
           })
      .def("_end_wait", [use](Object& self) { use(self).awaited = false; });
  BindPause(bound, [use](Object& self) -> uint32_t& { return use(self).eager; });
}

}  // namespace ipmpsc::python

#endif  // IPMPSC_PYTHON_SRC_ENDS_H_
