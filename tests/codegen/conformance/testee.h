// The testee of protobuf's conformance tests: what it answers to a request of their runner.
#ifndef IPMPSC_TESTS_CODEGEN_CONFORMANCE_TESTEE_H_
#define IPMPSC_TESTS_CODEGEN_CONFORMANCE_TESTEE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace ipmpsc_test::conformance {

// The way from the payload of a request to that of the response.
enum class Path {
  kMessage,  // a view's `ToMessage()`
  kWalk,     // a view, walked field by field through a writer
  kSetters,  // protobuf's class, written by setters of single values
};

// Returns the response to a request, both serialised.
std::string Answer(absl::string_view request, Path path);

}  // namespace ipmpsc_test::conformance

#endif  // IPMPSC_TESTS_CODEGEN_CONFORMANCE_TESTEE_H_
