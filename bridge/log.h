// The lines that ipmpsc-bridge prints on standard error.
#ifndef IPMPSC_BRIDGE_LOG_H_
#define IPMPSC_BRIDGE_LOG_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::bridge {

// Prints a line. Returns `exit_status`.
int Fail(int exit_status, absl::string_view text);

// Prints lines of a core, and each repeated one now and then.
class Log {
 public:
  void operator()(absl::string_view line);

 private:
  std::string last_;
  Deadline silent_until_ = absl::ZeroDuration();
};

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_LOG_H_
