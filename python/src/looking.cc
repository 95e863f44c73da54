// Tap and PostMortem.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "core.h"
#include "ipmpsc/post_mortem.h"
#include "ipmpsc/tap.h"

namespace ipmpsc::python {
namespace {

using namespace nb::literals;  // NOLINT(google-build-using-namespace)

struct PyTap {
  Tap tap;
  bool busy = false;
  // Counts the messages that a task got without a wait: see `BindPause`.
  uint32_t eager = 0;

  Tap& get() {
    if (busy) Raise(absl::StatusCode::kFailedPrecondition, kBusyText);
    return tap;
  }
};

TapOptions StartAt(const std::string& start) {
  if (start == "now") return {TapStart::kNow};
  if (start == "oldest_unreleased") return {TapStart::kOldestUnreleased};
  if (start == "oldest_kept") return {TapStart::kOldestKept};
  Raise(absl::StatusCode::kInvalidArgument,
        "start is one of 'now', 'oldest_unreleased' and 'oldest_kept'");
}

absl::Status WaitForNext(PyTap& self, const Timeout& timeout, TapMessage* message) {
  Tap& tap = self.get();
  const absl::Status status = tap.TryNext(message);
  if (!absl::IsUnavailable(status)) return status;
  return WaitInSlices(timeout, Busy(&self.busy),
                      [&](Deadline deadline) { return tap.Next(deadline, message); });
}

struct PyPostMortem {
  PostMortem found;
  bool busy = false;

  PostMortem& get() {
    if (busy) Raise(absl::StatusCode::kFailedPrecondition, kBusyText);
    return found;
  }
};

PostMortem OpenPostMortem(nb::handle path) {
  const std::string name = PathOf(path);
  // It copies the file.
  auto found = [&] {
    const LockReleased released;
    return PostMortem::Open(name);
  }();
  return ValueOrRaise(std::move(found));
}

absl::StatusOr<PostMortemMessage> NextOf(PyPostMortem& self) {
  PostMortem& found = self.get();
  const Busy busy(&self.busy);
  const LockReleased released;
  return found.Next();
}

}  // namespace

void BindLooking(nb::module_& module) {
  nb::class_<TapMessage>(module, "TapMessage")
      .def_prop_ro("payload",
                   [](const TapMessage& self) {
                     return nb::bytes(self.payload.data(), self.payload.size());
                   })
      .def_ro("position", &TapMessage::position)
      .def_ro("sender", &TapMessage::sender)
      .def_ro("sequence", &TapMessage::sequence)
      .def_prop_ro("sent_at",
                   [](const TapMessage& self) -> std::optional<int64_t> {
                     if (self.sequence == 0) return std::nullopt;
                     return self.sent_at_nanoseconds;
                   })
      .def_ro("lost_before", &TapMessage::lost_before);
  nb::class_<TapLoss>(module, "TapLoss")
      .def_ro("bytes", &TapLoss::bytes)
      .def_ro("messages", &TapLoss::messages)
      .def_ro("messages_are_exact", &TapLoss::messages_are_exact)
      .def_ro("overtakings", &TapLoss::overtakings)
      .def_ro("holes", &TapLoss::holes)
      .def_ro("hole_bytes", &TapLoss::hole_bytes);
  nb::class_<PyTap> tap(module, "Tap");
  tap.def(
         "__init__",
         [](PyTap* self, const PyChannel& channel, const std::string& start) {
           new (self) PyTap{Tap::Over(channel.get(), StartAt(start))};
         },
         "channel"_a, nb::kw_only(), "start"_a = "now",
         "Reads the channel's messages beside its receiver, from 'now', 'oldest_unreleased' or "
         "'oldest_kept' on. Open the channel with `open_read_only` to take no part in it.")
      .def_static(
          "open",
          [](nb::handle path, const std::string& start) {
            return PyTap{ValueOrRaise(Tap::Open(PathOf(path), StartAt(start)))};
          },
          "path"_a, nb::kw_only(), "start"_a = "now", "Opens the channel at a path to look.")
      .def(
          "next",
          [](PyTap& self, const Timeout& timeout) {
            TapMessage message;
            RaiseUnlessOk(WaitForNext(self, timeout, &message));
            return message;
          },
          "timeout"_a = nb::none(), "Waits up to `timeout` seconds for the next message.")
      .def(
          "try_next",
          [](PyTap& self) -> std::optional<TapMessage> {
            TapMessage message;
            const absl::Status status = self.get().TryNext(&message);
            if (absl::IsUnavailable(status)) return std::nullopt;
            RaiseUnlessOk(status);
            return message;
          },
          "Returns the next message, or None if there is none now.")
      .def_prop_ro("loss", [](PyTap& self) { return self.get().loss(); })
      .def_prop_ro("position", [](PyTap& self) { return self.get().position(); })
      .def_prop_ro("channel", [](PyTap& self) { return PyChannel{self.get().channel()}; })
      .def("__iter__", [](nb::handle self) { return nb::borrow(self); })
      .def("__next__", [](PyTap& self) {
        TapMessage message;
        const absl::Status status = WaitForNext(self, std::nullopt, &message);
        if (absl::IsOutOfRange(status)) throw nb::stop_iteration();
        RaiseUnlessOk(status);
        return message;
      });
  BindPause(tap, [](PyTap& self) -> uint32_t& { return self.eager; });

  nb::class_<PostMortemMessage, TapMessage>(module, "PostMortemMessage")
      .def_ro("released", &PostMortemMessage::released);
  nb::class_<Orphan>(module, "Orphan")
      .def_ro("position", &Orphan::position)
      .def_ro("bytes", &Orphan::bytes)
      .def_ro("sender", &Orphan::sender)
      .def_ro("released", &Orphan::released);
  nb::class_<PyPostMortem>(module, "PostMortem")
      .def(
          "__init__",
          [](PyPostMortem* self, nb::handle path) {
            new (self) PyPostMortem{OpenPostMortem(path)};
          },
          "path"_a,
          "Copies the channel of dead programs at a path, or a copy of its file, to read its "
          "messages: those that are released and not yet overwritten, and then the others.")
      .def(
          "next", [](PyPostMortem& self) { return ValueOrRaise(NextOf(self)); },
          "Returns the next message. Raises OutOfRangeError after the last one.")
      .def_prop_ro("orphans", [](PyPostMortem& self) { return self.get().orphans(); })
      .def("stats", [](PyPostMortem& self) { return self.get().stats(); })
      .def_prop_ro("channel", [](PyPostMortem& self) { return PyChannel{self.get().channel()}; })
      .def("__iter__", [](nb::handle self) { return nb::borrow(self); })
      .def("__next__", [](PyPostMortem& self) {
        absl::StatusOr<PostMortemMessage> message = NextOf(self);
        if (absl::IsOutOfRange(message.status())) throw nb::stop_iteration();
        return ValueOrRaise(std::move(message));
      });
}

}  // namespace ipmpsc::python
