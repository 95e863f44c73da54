#include "tests/testing/process/child_process.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/testing/process/board.h"

namespace ipmpsc::testing {
namespace {

int PauseForever() {
  for (;;) pause();
}

// Whether a process of that number exists. One that has died and was not reaped does.
bool Exists(pid_t pid) { return kill(pid, 0) == 0 || errno != ESRCH; }

long CountDescriptors() {
  const std::filesystem::directory_iterator descriptors("/proc/self/fd");
  return std::distance(begin(descriptors), end(descriptors));
}

TEST(ChildProcessTest, WaitDescribesTheEnd) {
  ChildProcess exits = ChildProcess::Fork([] { return 7; });
  EXPECT_EQ(exits.Wait(), "exited 7");
  EXPECT_EQ(exits.pid(), -1);
  EXPECT_EQ(exits.Wait(), "no such child any more");

  ChildProcess lives = ChildProcess::Fork(PauseForever);
  EXPECT_EQ(lives.Wait(absl::Milliseconds(20)), "still lives");
  lives.Signal(SIGTERM);
  EXPECT_EQ(lives.Wait(), "killed by 15");
}

TEST(ChildProcessTest, WaitReportsAChildThatWasReapedElsewhere) {
  const pid_t self = getpid();
  EXPECT_EQ(ChildProcess::Adopt(self).Wait(), "waitpid: No child processes");
}

TEST(ChildProcessTest, DestructorKillsAndReaps) {
  pid_t pid;
  {
    const ChildProcess child = ChildProcess::Fork(PauseForever);
    pid = child.pid();
    EXPECT_TRUE(Exists(pid));
  }
  EXPECT_FALSE(Exists(pid));
}

TEST(ChildProcessTest, AssignmentKillsTheFormerChild) {
  ChildProcess child = ChildProcess::Fork(PauseForever);
  const pid_t former = child.pid();
  child = ChildProcess::Fork(PauseForever);
  EXPECT_FALSE(Exists(former));
  const ChildProcess moved = std::move(child);
  EXPECT_EQ(child.pid(), -1);
  EXPECT_TRUE(Exists(moved.pid()));
}

TEST(ChildProcessTest, ChildDiesWithItsParent) {
  Board board;
  ChildProcess parent = ChildProcess::Fork([&] {
    const ChildProcess child = ChildProcess::Fork([&] {
      board[0] = static_cast<uint64_t>(getpid());
      return PauseForever();
    });
    return PauseForever();
  });
  ASSERT_TRUE(Await([&] { return board[0] != 0; }));
  parent.Kill();
  EXPECT_TRUE(Await([&] { return !Exists(static_cast<pid_t>(board[0].load())); }));
}

TEST(ChildProcessTest, StoppedChildContinues) {
  Board board;
  ChildProcess child = ChildProcess::Fork([&] {
    for (;;) board[0].fetch_add(1);
    return 0;
  });
  ASSERT_TRUE(Await([&] { return board[0] != 0; }));
  child.Stop();
  const uint64_t stopped_at = board[0];
  usleep(20'000);
  EXPECT_EQ(board[0], stopped_at);
  child.Continue();
  EXPECT_TRUE(Await([&] { return board[0] > stopped_at; }));
}

TEST(ChildProcessTest, WaitForStopReportsTheSignalOrTheEnd) {
  ChildProcess child = ChildProcess::Fork([] {
    raise(SIGSTOP);
    return 0;
  });
  EXPECT_TRUE(Await([&] { return child.HasStoppedOrEnded(); }));
  EXPECT_EQ(child.WaitForStop(), SIGSTOP);
  EXPECT_FALSE(child.HasStoppedOrEnded());
  child.Continue();
  EXPECT_EQ(child.WaitForStop(), -1);
  EXPECT_EQ(child.pid(), -1);
}

TEST(ChildProcessTest, HeldChildLivesAfterItsResult) {
  const ChildProcess child = ChildProcess::ForkAndHold([] { return std::string("done"); });
  EXPECT_EQ(child.result(), "done");
  EXPECT_TRUE(Await([&] { return IsAsleep(child.pid()); }));
}

TEST(ChildProcessTest, ResultIsLongerThanAPipeHolds) {
  const std::string text = std::string(300'000, 'x') + '\0' + "y";
  EXPECT_EQ(InChild([&] { return text; }), text);
}

TEST(ChildProcessTest, EndBeforeTheResultIsReported) {
  EXPECT_EQ(InChild([]() -> std::string { _exit(0); }), "no result: exited 0");
  EXPECT_EQ(InChild([]() -> std::string {
              raise(SIGKILL);
              return "";
            }),
            "no result: killed by 9");
  const ChildProcess child = ChildProcess::ForkAndHold([]() -> std::string { _exit(3); });
  EXPECT_EQ(child.result(), "no result: exited 3");
  EXPECT_EQ(child.pid(), -1);
}

TEST(ChildProcessTest, AdoptedChildIsReaped) {
  const pid_t pid = fork();
  if (pid == 0) _exit(5);
  EXPECT_EQ(ChildProcess::Adopt(pid).Wait(), "exited 5");
}

TEST(ChildProcessTest, NoDescriptorIsLeft) {
  const long before = CountDescriptors();
  EXPECT_EQ(InChild([] { return std::string("a"); }), "a");
  EXPECT_EQ(InChild([]() -> std::string { _exit(0); }), "no result: exited 0");
  EXPECT_EQ(CountDescriptors(), before);
}

}  // namespace
}  // namespace ipmpsc::testing
