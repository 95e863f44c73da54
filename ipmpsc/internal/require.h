// Require: ends the program if its code breaks a precondition of an interface ("REQUIRES:").
#ifndef IPMPSC_INTERNAL_REQUIRE_H_
#define IPMPSC_INTERNAL_REQUIRE_H_

#include <cstdio>
#include <cstdlib>

#include "absl/base/optimization.h"

namespace ipmpsc::internal {

inline void Require(bool kept, const char* promise) {
  if (ABSL_PREDICT_TRUE(kept)) return;
  std::fprintf(stderr, "ipmpsc: %s\n", promise);
  std::abort();
}

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_REQUIRE_H_
