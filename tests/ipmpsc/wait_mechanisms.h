// The mechanisms of a wait set, as parameters of tests.
#ifndef TESTS_IPMPSC_WAIT_MECHANISMS_H_
#define TESTS_IPMPSC_WAIT_MECHANISMS_H_

#include <sys/resource.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ipmpsc/wait_options.h"
#include "ipmpsc/wait_set.h"

namespace ipmpsc {

inline std::string MechanismName(WaitMechanism mechanism) {
  switch (mechanism) {
    case WaitMechanism::kIoUring:
      return "IoUring";
    case WaitMechanism::kHelperThread:
      return "HelperThread";
    case WaitMechanism::kPolling:
      return "Polling";
    case WaitMechanism::kAutomatic:
      break;
  }
  return "Automatic";
}

// Raises this process's limit of descriptors as far as it may. Returns whether that is enough for
// `channels` channels: each has a descriptor, and each end of it another one.
inline bool HasDescriptorsFor(size_t channels) {
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return false;
  files.rlim_cur = files.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur >= 4 * channels + 100;
}

// Skips where the machine lacks the mechanism, and says what it lacks.
class MechanismTest : public ::testing::TestWithParam<WaitMechanism> {
 protected:
  void SetUp() override {
    const absl::Status status = WaitSet::Create({GetParam()}).status();
    if (status.code() == absl::StatusCode::kUnimplemented) GTEST_SKIP() << status.message();
  }
  static WaitSet Create() {
    absl::StatusOr<WaitSet> set = WaitSet::Create({GetParam()});
    EXPECT_TRUE(set.ok()) << set.status();
    return *std::move(set);
  }
};

#define INSTANTIATE_FOR_MECHANISMS(test)                                       \
  INSTANTIATE_TEST_SUITE_P(                                                    \
      Each, test,                                                              \
      ::testing::Values(WaitMechanism::kIoUring, WaitMechanism::kHelperThread, \
                        WaitMechanism::kPolling),                              \
      [](const ::testing::TestParamInfo<WaitMechanism>& tested) {              \
        return MechanismName(tested.param);                                    \
      })

}  // namespace ipmpsc

#endif  // TESTS_IPMPSC_WAIT_MECHANISMS_H_
