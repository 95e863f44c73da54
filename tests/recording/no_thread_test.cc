// Tests the recorder in a process that may start no thread.
#include <dlfcn.h>
#include <pthread.h>

#include <cerrno>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/sender.h"
#include "recording/recorder.h"
#include "tests/recording/recording_fixture.h"
#include "tests/testing/status_matchers.h"

namespace {
bool refuses_threads = false;
}  // namespace

// Replaces the function of libc.
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) {
  if (refuses_threads) return EAGAIN;
  static const auto create =
      reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  return create(thread, attributes, start, argument);
}

namespace ipmpsc::recording {
namespace {

using ::ipmpsc::testing::StatusIs;
using ::testing::HasSubstr;

TEST_F(RecordingTest, WithoutAThreadNothingIsRecordedAndTheErrorSaysIt) {
  const Channel channel = Create(path_, 1 << 16, /*timestamps=*/false);
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  const std::unique_ptr<Recorder> recorder = Start(Options());
  ASSERT_OK(sender.TrySend("lost"));
  refuses_threads = true;
  // The batch is passed on after some milliseconds.
  const auto refused = StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("ulimit -u"));
  absl::Status status;
  while (status.ok()) status = recorder->Run(absl::Milliseconds(10));
  EXPECT_THAT(status, refused);
  ASSERT_OK(sender.TrySend("not read"));
  EXPECT_THAT(recorder->Run(absl::Milliseconds(10)), refused);
  EXPECT_THAT(recorder->Finish(), refused);
  refuses_threads = false;
  EXPECT_EQ(recorder->progress().written_messages, 0u);
}

// The last batch is passed on by `Finish`, which the destructor calls.
TEST_F(RecordingTest, WithoutAThreadADestructorDoesNotThrow) {
  const Channel channel = Create(path_, 1 << 16, /*timestamps=*/false);
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  std::unique_ptr<Recorder> recorder = Start(Options());
  ASSERT_OK(sender.TrySend("lost"));
  ASSERT_OK(recorder->Run(absl::ZeroDuration()));
  refuses_threads = true;
  recorder.reset();
  refuses_threads = false;
}

}  // namespace
}  // namespace ipmpsc::recording
