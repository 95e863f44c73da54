#include "core.h"

#include <nanobind/stl/string.h>

#include <cmath>
#include <string>

#include "ipmpsc/fd_passing.h"
#include "ipmpsc/options.h"
#include "ipmpsc/version.h"

namespace ipmpsc::python {
namespace {

using namespace nb::literals;  // NOLINT(google-build-using-namespace)

ExistPolicy PolicyOf(const std::string& exist) {
  if (exist == "fail") return ExistPolicy::kFail;
  if (exist == "open") return ExistPolicy::kOpen;
  if (exist == "replace") return ExistPolicy::kReplace;
  if (exist == "open_or_replace") return ExistPolicy::kOpenOrReplace;
  Raise(absl::StatusCode::kInvalidArgument,
        "exist is one of 'fail', 'open', 'replace' and 'open_or_replace'");
}

OnFull OnFullOf(const std::string& on_full) {
  if (on_full == "wait") return OnFull::kWait;
  if (on_full == "drop_newest") return OnFull::kDropNewest;
  Raise(absl::StatusCode::kInvalidArgument, "on_full is one of 'wait' and 'drop_newest'");
}

ChannelOptions OptionsOf(uint64_t capacity, uint32_t max_senders, uint32_t mode,
                         const std::string& exist, bool prefault, bool huge_pages, bool timestamps,
                         const std::string& on_full, nb::handle description) {
  ChannelOptions options;
  options.capacity = capacity;
  options.max_senders = max_senders;
  options.mode = static_cast<mode_t>(mode);
  options.exist_policy = PolicyOf(exist);
  options.prefault = prefault;
  options.huge_pages = huge_pages;
  options.timestamps = timestamps;
  options.on_full = OnFullOf(on_full);
  options.description = std::string(Bytes(description).view());
  return options;
}

// Calls `open(path, options)` in slices.
template <absl::StatusOr<Channel> (*open)(absl::string_view, const OpenOptions&)>
PyChannel Open(nb::handle path, const Timeout& timeout, bool prefault) {
  const std::string name = PathOf(path);
  OpenOptions options;
  options.prefault = prefault;
  return {ValueOrRaise(WaitInSlices(timeout, NotShared(), [&](Deadline deadline) {
    options.deadline = deadline;
    return open(name, options);
  }))};
}

const char* StateOf(const PyChannel& channel) {
  switch (channel.get().state()) {
    case ChannelState::kOpen:
      return "open";
    case ChannelState::kClosed:
      return "closed";
    case ChannelState::kReplaced:
      return "replaced";
    case ChannelState::kUnlinked:
      return "unlinked";
  }
  return "unknown";
}

}  // namespace

std::string PathOf(nb::handle path) {
  PyObject* encoded = nullptr;
  if (PyUnicode_FSConverter(path.ptr(), &encoded) == 0) throw nb::python_error();
  const nb::bytes bytes = nb::steal<nb::bytes>(encoded);
  return std::string(bytes.c_str(), bytes.size());
}

void Raise(const absl::Status& status) {
  const nb::object by_code = nb::module_::import_("ipmpsc._errors").attr("BY_CODE");
  const std::string text(status.message());
  const nb::object type = by_code[nb::int_(static_cast<int>(status.code()))];
  // Texts may have bytes of other programs' names.
  const nb::object message = nb::steal(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace"));
  PyErr_SetObject(type.ptr(), message.ptr());
  throw nb::python_error();
}

void Raise(absl::StatusCode code, const char* text) { Raise(absl::Status(code, text)); }

absl::Duration ToDuration(const Timeout& timeout) {
  if (!timeout.has_value()) return absl::InfiniteDuration();
  if (std::isnan(*timeout)) {
    Raise(absl::StatusCode::kInvalidArgument, "the timeout is no number; None waits without end");
  }
  return absl::Seconds(*timeout);
}

nb::object ArrayOf(nb::handle self, nb::handle dtype, nb::handle shape) {
  const nb::module_ numpy = nb::module_::import_("numpy");
  nb::object array =
      numpy.attr("frombuffer")(self, dtype.is_none() ? numpy.attr("uint8") : nb::borrow(dtype));
  return shape.is_none() ? array : array.attr("reshape")(shape);
}

}  // namespace ipmpsc::python

NB_MODULE(_core, module) {
  using namespace ipmpsc::python;  // NOLINT(google-build-using-namespace)
  using ipmpsc::Channel;
  // A program may end while it holds leases.
  nb::set_leak_warnings(false);
  module.attr("__version__") = ipmpsc::kVersion;

  nb::class_<PyChannel> channel(module, "Channel");
  channel
      .def_static(
          "create",
          [](nb::handle path, uint64_t capacity, uint32_t max_senders, uint32_t mode,
             const std::string& exist, bool prefault, bool huge_pages, bool timestamps,
             const std::string& on_full, bool accept_smaller, nb::handle description) {
            ipmpsc::ChannelOptions options =
                OptionsOf(capacity, max_senders, mode, exist, prefault, huge_pages, timestamps,
                          on_full, description);
            options.accept_smaller = accept_smaller;
            return PyChannel{ValueOrRaise(Channel::Create(PathOf(path), options))};
          },
          "path"_a, nb::kw_only(), "capacity"_a = 1 << 20, "max_senders"_a = 64, "mode"_a = 0600,
          "exist"_a = "fail", "prefault"_a = false, "huge_pages"_a = false, "timestamps"_a = false,
          "on_full"_a = "wait", "accept_smaller"_a = false, "description"_a = nb::bytes("", 0),
          "Creates the channel at a path, for instance in /dev/shm. `exist` says what happens if "
          "the path is taken: 'fail', 'open', 'replace' or 'open_or_replace'. `on_full` says what "
          "happens to a message without space: its sender waits ('wait'), or the message is "
          "dropped and counted ('drop_newest').")
      .def_static(
          "create_temp",
          [](uint64_t capacity, uint32_t max_senders, uint32_t mode, bool prefault, bool huge_pages,
             bool timestamps, const std::string& on_full, nb::handle description) {
            return PyChannel{ValueOrRaise(
                Channel::CreateTemp(OptionsOf(capacity, max_senders, mode, "fail", prefault,
                                              huge_pages, timestamps, on_full, description)))};
          },
          nb::kw_only(), "capacity"_a = 1 << 20, "max_senders"_a = 64, "mode"_a = 0600,
          "prefault"_a = false, "huge_pages"_a = false, "timestamps"_a = false,
          "on_full"_a = "wait", "description"_a = nb::bytes("", 0),
          "Creates a channel under a new name, which is removed with the last user of this "
          "process.")
      .def_static(
          "create_anonymous",
          [](uint64_t capacity, uint32_t max_senders, bool prefault, bool huge_pages,
             bool timestamps, const std::string& on_full, nb::handle description) {
            return PyChannel{ValueOrRaise(
                Channel::CreateAnonymous(OptionsOf(capacity, max_senders, 0600, "fail", prefault,
                                                   huge_pages, timestamps, on_full, description)))};
          },
          nb::kw_only(), "capacity"_a = 1 << 20, "max_senders"_a = 64, "prefault"_a = false,
          "huge_pages"_a = false, "timestamps"_a = false, "on_full"_a = "wait",
          "description"_a = nb::bytes("", 0),
          "Creates a channel without a name, to be inherited or sent by `send_fd`.")
      .def_static(
          "open", &Open<&Channel::Open>, "path"_a, "timeout"_a = Timeout(0.0), nb::kw_only(),
          "prefault"_a = false,
          "Opens the channel at a path. Waits up to `timeout` seconds for it to be created.")
      .def_static(
          "open_fd",
          [](int fd, bool prefault) {
            ipmpsc::OpenOptions options;
            options.prefault = prefault;
            return PyChannel{ValueOrRaise(Channel::OpenFd(fd, options))};
          },
          "fd"_a, nb::kw_only(), "prefault"_a = false,
          "Opens the channel behind a file descriptor, which stays the caller's.")
      .def_static(
          "open_read_only", &Open<&Channel::OpenReadOnly>, "path"_a, "timeout"_a = Timeout(0.0),
          nb::kw_only(), "prefault"_a = false,
          "Opens the channel at a path to look: `stats` and `Tap`. Waits up to `timeout` seconds "
          "for it to be created.")
      .def_static(
          "receive_fd",
          [](int socket, const Timeout& timeout, bool allow_unsealed) {
            ipmpsc::ReceiveFdOptions options;
            options.allow_unsealed = allow_unsealed;
            return PyChannel{
                ValueOrRaise(WaitInSlices(timeout, NotShared(), [&](ipmpsc::Deadline deadline) {
                  return ipmpsc::ReceiveFd(socket, deadline, options);
                }))};
          },
          "socket"_a, "timeout"_a = nb::none(), nb::kw_only(), "allow_unsealed"_a = false,
          "Opens the channel whose descriptor arrives over a Unix socket.")
      .def(
          "send_fd",
          [](const PyChannel& self, int socket, const Timeout& timeout) {
            // A copy: another thread may leave the handle's `with` block meanwhile.
            const Channel channel = self.get();
            RaiseUnlessOk(WaitInSlices(timeout, NotShared(), [&](ipmpsc::Deadline deadline) {
              return ipmpsc::SendFd(socket, channel, deadline);
            }));
          },
          "socket"_a, "timeout"_a = nb::none(),
          "Sends the channel's descriptor over a Unix socket.")
      .def(
          "close",
          [](const PyChannel& self) {
            Channel channel = self.get();
            channel.Close();
          },
          "Ends the channel for all participants. Messages that were sent are still received.")
      .def("__enter__", [](nb::handle self) { return nb::borrow(self); })
      .def(
          "__exit__", [](PyChannel& self, nb::args) { self.channel.reset(); },
          "Releases this handle. The channel goes on.")
      .def_prop_ro("state", &StateOf, "'open', 'closed', 'replaced' or 'unlinked'.")
      .def_prop_ro("has_receiver", [](const PyChannel& self) { return self.get().HasReceiver(); })
      .def_prop_ro("has_sender", [](const PyChannel& self) { return self.get().HasSender(); })
      .def_prop_ro("path",
                   [](const PyChannel& self) {
                     return nb::steal(PyUnicode_DecodeFSDefault(self.get().path().c_str()));
                   })
      .def("fileno", [](const PyChannel& self) { return self.get().fd(); })
      .def_prop_ro("capacity", [](const PyChannel& self) { return self.get().capacity(); })
      .def_prop_ro("max_payload", [](const PyChannel& self) { return self.get().max_payload(); })
      .def_prop_ro("max_senders", [](const PyChannel& self) { return self.get().max_senders(); })
      .def_prop_ro("on_full",
                   [](const PyChannel& self) {
                     return self.get().on_full() == ipmpsc::OnFull::kDropNewest ? "drop_newest"
                                                                                : "wait";
                   })
      .def_prop_ro("released_position",
                   [](const PyChannel& self) { return self.get().released_position(); })
      .def_prop_ro("id", [](const PyChannel& self) { return self.get().id(); })
      .def_prop_ro("description",
                   [](const PyChannel& self) {
                     const absl::string_view bytes = self.get().description();
                     return nb::bytes(bytes.data(), bytes.size());
                   })
      .def("__repr__", [](const PyChannel& self) {
        if (!self.channel.has_value()) return std::string("<ipmpsc.Channel, released>");
        const std::string& path = self.channel->path();
        return "<ipmpsc.Channel " + (path.empty() ? self.channel->id() : path) + ">";
      });
  BindSending(module);
  BindReceiving(module);
  BindWaitSet(module);
  BindStats(module, channel);
  BindLooking(module);
}
