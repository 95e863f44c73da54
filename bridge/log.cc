#include "bridge/log.h"

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/command_line.h"

namespace ipmpsc::bridge {
namespace {

// The same line is printed at most once in this time.
constexpr absl::Duration kRepeatInterval = absl::Seconds(10);

}  // namespace

int Fail(int exit_status, absl::string_view text) {
  Complain(std::string(text));
  return exit_status;
}

void Log::operator()(absl::string_view line) {
  if (line == last_ && !silent_until_.Passed()) return;
  last_ = std::string(line);
  silent_until_ = kRepeatInterval;
  Complain(last_);
}

}  // namespace ipmpsc::bridge
