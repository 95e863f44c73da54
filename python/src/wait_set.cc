// WaitSet and its results.
#include "ipmpsc/wait_set.h"

#include <nanobind/stl/string.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core.h"
#include "ends.h"
#include "ipmpsc/wait_options.h"

namespace ipmpsc::python {
namespace {

using namespace nb::literals;  // NOLINT(google-build-using-namespace)

// A member as the program gave it. The set keeps it alive.
struct Member {
  nb::object object;
  nb::object data;
  std::shared_ptr<End> end;  // null for a descriptor
  int fd = -1;
};

struct PyWaitSet {
  explicit PyWaitSet(WaitSet created) : set(std::move(created)) {}

  WaitSet& get() {
    use.Refuse();
    return set;
  }

  WaitSet set;
  Use use;
  std::map<uint64_t, Member> members;  // by tag
  uint64_t next_tag = 0;
};

// Marks a set and its members as busy during a wait.
class BusySet {
 public:
  explicit BusySet(PyWaitSet* set) : set_(set) {
    set_->use.busy = true;
    for (auto& [tag, member] : set_->members) {
      if (member.end != nullptr) member.end->busy = true;
    }
  }
  BusySet(const BusySet&) = delete;
  BusySet& operator=(const BusySet&) = delete;
  ~BusySet() {
    Settle();
    for (auto& [tag, member] : set_->members) {
      if (member.end != nullptr) member.end->busy = false;
    }
    set_->use.busy = false;
  }

  void Settle() {
    for (auto& [tag, member] : set_->members) {
      if (member.end != nullptr) member.end->Settle();
    }
  }

 private:
  PyWaitSet* set_;
};

WaitMechanism MechanismOf(const std::string& mechanism) {
  if (mechanism == "automatic") return WaitMechanism::kAutomatic;
  if (mechanism == "io_uring") return WaitMechanism::kIoUring;
  if (mechanism == "helper_thread") return WaitMechanism::kHelperThread;
  if (mechanism == "polling") return WaitMechanism::kPolling;
  Raise(absl::StatusCode::kInvalidArgument,
        "mechanism is one of 'automatic', 'io_uring', 'helper_thread' and 'polling'");
}

const char* MechanismName(const WaitSetStatistics& statistics) {
  switch (statistics.mechanism) {
    case WaitMechanism::kIoUring:
      return "io_uring";
    case WaitMechanism::kHelperThread:
      return "helper_thread";
    case WaitMechanism::kPolling:
      return "polling";
    case WaitMechanism::kAutomatic:
      break;
  }
  return "automatic";
}

int DescriptorOf(nb::handle file) {
  const int fd = PyObject_AsFileDescriptor(file.ptr());
  if (fd < 0) throw nb::python_error();
  return fd;
}

void AddReceiver(PyWaitSet& self, PyReceiver& receiver, nb::handle data) {
  RaiseUnlessOk(self.get().Add(receiver.get(), self.next_tag));
  self.members.emplace(self.next_tag++,
                       Member{nb::find(receiver), nb::borrow(data), receiver.end, -1});
}

void AddSender(PyWaitSet& self, PySender& sender, size_t size, nb::handle data) {
  RaiseUnlessOk(self.get().Add(sender.get(), size, self.next_tag));
  self.members.emplace(self.next_tag++, Member{nb::find(sender), nb::borrow(data), sender.end, -1});
}

void AddFd(PyWaitSet& self, nb::handle file, uint32_t events, nb::handle data) {
  // First, since it may be the program's code.
  const int fd = DescriptorOf(file);
  RaiseUnlessOk(self.get().AddFd(fd, events, self.next_tag));
  self.members.emplace(self.next_tag++, Member{nb::borrow(file), nb::borrow(data), nullptr, fd});
}

void Remove(PyWaitSet& self, nb::handle object) {
  WaitSet& set = self.get();
  const auto found =
      std::find_if(self.members.begin(), self.members.end(), [&](const auto& member) {
        return member.second.object.is(object) ||
               (member.second.end == nullptr && PyLong_CheckExact(object.ptr()) != 0 &&
                PyLong_AsLong(object.ptr()) == member.second.fd);
      });
  if (found == self.members.end()) {
    PyErr_Clear();
    Raise(absl::StatusCode::kNotFound, "it is not in this set");
  }
  if (PyReceiver * receiver; nb::try_cast<PyReceiver*>(object, receiver)) {
    // A detached end has left the set.
    if (receiver->receiver.has_value()) RaiseUnlessOk(set.Remove(receiver->get()));
  } else if (PySender * sender; nb::try_cast<PySender*>(object, sender)) {
    if (sender->sender.has_value()) RaiseUnlessOk(set.Remove(sender->get()));
  } else {
    RaiseUnlessOk(set.RemoveFd(found->second.fd));
  }
  // Its destructor may run the program's code.
  const Member removed = std::move(found->second);
  self.members.erase(found);
}

nb::list Wait(PyWaitSet& self, const Timeout& timeout, size_t max_ready) {
  const absl::Duration whole = ToDuration(timeout);
  WaitSet& set = self.get();
  for (const auto& [tag, member] : self.members) {
    if (member.end != nullptr) member.end->Refuse();
  }
  std::vector<Ready> ready(std::min(max_ready, std::max<size_t>(self.members.size(), 1)));
  absl::StatusOr<size_t> count = set.Wait(absl::ZeroDuration(), absl::MakeSpan(ready));
  if (count.ok() && *count == 0 && whole > absl::ZeroDuration()) {
    count = WaitInSlices(timeout, BusySet(&self), [&](Deadline deadline) -> absl::StatusOr<size_t> {
      const absl::StatusOr<size_t> found = set.Wait(deadline, absl::MakeSpan(ready));
      if (found.ok() && *found == 0) return absl::DeadlineExceededError("nothing is ready");
      return found;
    });
    if (absl::IsDeadlineExceeded(count.status())) count = 0;
  }
  const size_t found = ValueOrRaise(std::move(count));
  const nb::object type = nb::module_::import_("ipmpsc._ready").attr("Ready");
  nb::list result;
  for (size_t i = 0; i < found; ++i) {
    const auto member = self.members.find(ready[i].tag);
    if (member == self.members.end()) continue;
    result.append(type(member->second.object, member->second.data, ready[i].events));
  }
  return result;
}

// The collector of garbage finds cycles of a set and the objects that it keeps.
int Traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  if (!nb::inst_ready(object)) return 0;
  const PyWaitSet* const set = nb::inst_ptr<PyWaitSet>(object);
  Py_VISIT(set->use.turns.ptr());
  for (const auto& [tag, member] : set->members) {
    Py_VISIT(member.object.ptr());
    Py_VISIT(member.data.ptr());
  }
  return 0;
}

int Clear(PyObject* object) {
  if (!nb::inst_ready(object)) return 0;
  PyWaitSet* const set = nb::inst_ptr<PyWaitSet>(object);
  const nb::object turns = std::exchange(set->use.turns, nb::object(nb::none()));
  // The set forgets its members as their ends are destroyed.
  const std::map<uint64_t, Member> members = std::exchange(set->members, {});
  return 0;
}

PyType_Slot set_slots[] = {
    {Py_tp_traverse, reinterpret_cast<void*>(Traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(Clear)},
    {0, nullptr},
};

}  // namespace

void BindWaitSet(nb::module_& module) {
  nb::class_<WaitSetStatistics>(module, "WaitSetStatistics")
      .def_prop_ro("mechanism", &MechanismName)
      .def_ro("refused", &WaitSetStatistics::refused)
      .def_ro("members", &WaitSetStatistics::members)
      .def_ro("sleeps", &WaitSetStatistics::sleeps)
      .def_ro("wakes", &WaitSetStatistics::wakes)
      .def_ro("looks", &WaitSetStatistics::looks)
      .def_ro("unwatched", &WaitSetStatistics::unwatched);
  nb::class_<PyWaitSet> set(module, "WaitSet", nb::type_slots(set_slots));
  set.def(
         "__init__",
         [](PyWaitSet* self, const std::string& mechanism) {
           WaitSetOptions options;
           options.mechanism = MechanismOf(mechanism);
           new (self) PyWaitSet(ValueOrRaise(WaitSet::Create(options)));
         },
         nb::kw_only(), "mechanism"_a = "automatic",
         "Waits for many receivers, senders and descriptors at once. It keeps its members alive.")
      .def("add_receiver", &AddReceiver, "receiver"_a, "data"_a = nb::none(),
           "Waits for the receiver's messages, and for the end of its channel. `wait` returns "
           "`data` with it.")
      .def("add_sender", &AddSender, "sender"_a, "size"_a, "data"_a = nb::none(),
           "Waits until a message of `size` bytes finds space.")
      .def("add_fd", &AddFd, "fd"_a, "events"_a, "data"_a = nb::none(),
           "Waits for `events` (select.EPOLLIN and so on) of a descriptor, or of an object with "
           "`fileno()`. Remove it before you close it.")
      .def("remove", &Remove, "member"_a, "Takes a receiver, a sender or a descriptor out.")
      .def("wait", &Wait, "timeout"_a = nb::none(), "max_ready"_a = 64,
           "Returns the members that are ready, at most `max_ready`. Waits up to `timeout` seconds "
           "for the first one, and returns an empty list if there is none.")
      .def(
          "interrupt", [](PyWaitSet& self) { self.set.Interrupt(); },
          "Ends a running wait with CancelledError, or else the next one. For any thread.")
      .def(
          "fileno", [](PyWaitSet& self) { return ValueOrRaise(self.get().fd()); },
          "Returns a descriptor, which the set owns, for an event loop. It becomes readable for "
          "each event after a `wait(0)` that returns nothing.")
      .def_prop_ro("statistics",
                   [](const PyWaitSet& self) {
                     // A wait counts without the interpreter's lock.
                     self.use.RefuseIfBusy();
                     return self.set.statistics();
                   })
      .def("__len__", [](const PyWaitSet& self) { return self.members.size(); });
  BindTasks(set, [](PyWaitSet& self) -> Use& { return self.use; });
}

}  // namespace ipmpsc::python
