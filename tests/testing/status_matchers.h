// Matchers for absl::Status and absl::StatusOr.
//
//   EXPECT_THAT(sender.TrySend("x"), IsOk());
//   EXPECT_THAT(Channel::Open("/nowhere"),
//               StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nowhere")));
//   ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Open(path));
#ifndef TESTS_TESTING_STATUS_MATCHERS_H_
#define TESTS_TESTING_STATUS_MATCHERS_H_

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ipmpsc::testing {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// Matches anything that `StatusOf` takes.
class StatusIsMatcher {
 public:
  using is_gtest_matcher = void;

  StatusIsMatcher(absl::StatusCode code, ::testing::Matcher<const std::string&> message)
      : code_(code), message_(std::move(message)) {}

  template <typename T>
  bool MatchAndExplain(const T& value, ::testing::MatchResultListener* listener) const {
    const absl::Status& status = StatusOf(value);
    if (listener->IsInterested()) *listener << "which is " << status.ToString();
    return status.code() == code_ && message_.Matches(std::string(status.message()));
  }

  void DescribeTo(std::ostream* os) const {
    *os << "is " << absl::StatusCodeToString(code_) << " with a message that ";
    message_.DescribeTo(os);
  }
  void DescribeNegationTo(std::ostream* os) const {
    *os << "is not: ";
    DescribeTo(os);
  }

 private:
  absl::StatusCode code_;
  ::testing::Matcher<const std::string&> message_;
};

inline StatusIsMatcher StatusIs(absl::StatusCode code) {
  return StatusIsMatcher(code, ::testing::_);
}
inline StatusIsMatcher StatusIs(absl::StatusCode code,
                                ::testing::Matcher<const std::string&> message) {
  return StatusIsMatcher(code, std::move(message));
}
inline StatusIsMatcher IsOk() { return StatusIs(absl::StatusCode::kOk); }

}  // namespace ipmpsc::testing

#define IPMPSC_TESTING_CONCATENATE_INNER(a, b) a##b
#define IPMPSC_TESTING_CONCATENATE(a, b) IPMPSC_TESTING_CONCATENATE_INNER(a, b)

#define ASSERT_OK(expression) ASSERT_THAT((expression), ::ipmpsc::testing::IsOk())
#define EXPECT_OK(expression) EXPECT_THAT((expression), ::ipmpsc::testing::IsOk())

// Declares `declaration` with the value of a StatusOr, or fails the test.
#define ASSERT_OK_AND_ASSIGN(declaration, expression) \
  IPMPSC_TESTING_ASSIGN(IPMPSC_TESTING_CONCATENATE(status_or_, __LINE__), declaration, expression)
#define IPMPSC_TESTING_ASSIGN(result, declaration, expression) \
  auto result = (expression);                                  \
  ASSERT_THAT(result, ::ipmpsc::testing::IsOk());              \
  declaration = *std::move(result)

#endif  // TESTS_TESTING_STATUS_MATCHERS_H_
