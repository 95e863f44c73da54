#include <cstdint>
#include <exception>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/c/call.h"
#include "ipmpsc/c/ipmpsc.h"
#include "ipmpsc/version.h"

namespace ipmpsc::c {
namespace {

std::string& ErrorText() {
  thread_local std::string text;
  return text;
}

}  // namespace

ipmpsc_status Fail(ipmpsc_status code, absl::string_view text) noexcept {
  const ErrnoKeeper keeper;
  try {
    ErrorText().assign(text.data(), text.size());
  } catch (const std::exception&) {
    ErrorText().clear();  // No memory for the text. The code is right all the same.
  }
  return code;
}

ipmpsc_status FailWith(const absl::Status& status) noexcept {
  return Fail(static_cast<ipmpsc_status>(status.code()), status.message());
}

ipmpsc_status FailNull(const char* function, const char* argument) noexcept {
  const ErrnoKeeper keeper;
  try {
    return Fail(IPMPSC_INVALID_ARGUMENT, absl::StrCat(function, ": ", argument, " is NULL"));
  } catch (const std::exception&) {
    return Fail(IPMPSC_INVALID_ARGUMENT, "an argument is NULL");
  }
}

ipmpsc_status FailCallback(const char* what) noexcept {
  try {
    return Fail(IPMPSC_UNKNOWN, absl::StrCat("the callback threw a C++ exception (", what,
                                             "); catch it in the callback"));
  } catch (const std::exception&) {
    return Fail(IPMPSC_UNKNOWN, "the callback threw a C++ exception; catch it in the callback");
  }
}

ipmpsc_status FailInternal(const char* what) noexcept {
  try {
    return Fail(IPMPSC_INTERNAL, absl::StrCat("the library threw a C++ exception (", what,
                                              "), which is a fault of it: report it"));
  } catch (const std::exception&) {
    return Fail(IPMPSC_INTERNAL, "the library threw a C++ exception: report it");
  }
}

int64_t UnixNanoseconds(absl::Time time) {
  return time == absl::InfinitePast() ? 0 : absl::ToUnixNanos(time);
}

}  // namespace ipmpsc::c

const char* ipmpsc_version(void) { return ipmpsc::kVersion; }

const char* ipmpsc_error_text(void) { return ipmpsc::c::ErrorText().c_str(); }

const char* ipmpsc_status_name(ipmpsc_status status) {
  switch (status) {
    case IPMPSC_OK:
      return "OK";
    case IPMPSC_CANCELLED:
      return "CANCELLED";
    case IPMPSC_INVALID_ARGUMENT:
      return "INVALID_ARGUMENT";
    case IPMPSC_DEADLINE_EXCEEDED:
      return "DEADLINE_EXCEEDED";
    case IPMPSC_NOT_FOUND:
      return "NOT_FOUND";
    case IPMPSC_ALREADY_EXISTS:
      return "ALREADY_EXISTS";
    case IPMPSC_PERMISSION_DENIED:
      return "PERMISSION_DENIED";
    case IPMPSC_RESOURCE_EXHAUSTED:
      return "RESOURCE_EXHAUSTED";
    case IPMPSC_FAILED_PRECONDITION:
      return "FAILED_PRECONDITION";
    case IPMPSC_ABORTED:
      return "ABORTED";
    case IPMPSC_OUT_OF_RANGE:
      return "OUT_OF_RANGE";
    case IPMPSC_UNIMPLEMENTED:
      return "UNIMPLEMENTED";
    case IPMPSC_INTERNAL:
      return "INTERNAL";
    case IPMPSC_UNAVAILABLE:
      return "UNAVAILABLE";
    case IPMPSC_DATA_LOSS:
      return "DATA_LOSS";
    default:
      return "UNKNOWN";
  }
}
