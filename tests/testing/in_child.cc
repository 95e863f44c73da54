#include "tests/testing/in_child.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace ipmpsc::testing {
namespace {

void WriteAll(int fd, const std::string& text) {
  for (size_t written = 0; written < text.size();) {
    const ssize_t size = write(fd, text.data() + written, text.size() - written);
    if (size <= 0) return;
    written += static_cast<size_t>(size);
  }
}

std::string ReadAll(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t size; (size = read(fd, buffer, sizeof(buffer))) > 0;) {
    text.append(buffer, static_cast<size_t>(size));
  }
  return text;
}

std::string Wait(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return absl::StrCat("died: signal ", WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return absl::StrCat("died: status ", WEXITSTATUS(status));
  return "";
}

std::string Failed(const char* what) { return absl::StrCat(what, ": ", strerror(errno)); }

}  // namespace

std::string InChild(const std::function<std::string()>& work) {
  int result[2];
  if (pipe(result) != 0) return Failed("pipe");
  const pid_t pid = fork();
  if (pid < 0) return Failed("fork");
  if (pid == 0) {
    close(result[0]);
    WriteAll(result[1], work());
    _exit(0);
  }
  close(result[1]);
  std::string text = ReadAll(result[0]);
  close(result[0]);
  const std::string death = Wait(pid);
  return death.empty() ? text : absl::StrCat(death, " ", text);
}

LivingChild::LivingChild(const std::function<std::string()>& work) {
  int result[2];
  int hold[2];
  if (pipe(result) != 0 || pipe(hold) != 0) {
    ADD_FAILURE() << Failed("pipe");
    return;
  }
  pid_ = fork();
  if (pid_ == 0) {
    close(result[0]);
    close(hold[1]);
    WriteAll(result[1], work());
    close(result[1]);
    // The child also ends if its parent does.
    char none;
    while (read(hold[0], &none, 1) < 0 && errno == EINTR) {
    }
    _exit(0);
  }
  close(result[1]);
  close(hold[0]);
  hold_ = hold[1];
  if (pid_ < 0) ADD_FAILURE() << Failed("fork");
  result_ = ReadAll(result[0]);
  close(result[0]);
}

LivingChild::~LivingChild() {
  if (pid_ > 0) End();
}

void LivingChild::Kill() {
  if (pid_ <= 0) return;  // kill(-1) signals every process
  kill(pid_, SIGKILL);
  Wait(pid_);
  close(hold_);
  pid_ = -1;
}

void LivingChild::End() {
  close(hold_);
  const std::string death = Wait(pid_);
  if (!death.empty()) ADD_FAILURE() << "the child " << death;
  pid_ = -1;
}

std::string DropFileRights() {
  for (const int right : {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER}) {
    std::string failed = DropRight(right);
    if (!failed.empty()) return failed;
  }
  return "";
}

std::string DropRight(int capability) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return Failed("capget");
  data[capability / 32].effective &= ~(1u << (capability % 32));
  if (syscall(SYS_capset, &header, data) != 0) return Failed("capset");
  return "";
}

std::string EnterOwnMounts() {
  if (unshare(CLONE_NEWNS) != 0) {
    if (errno != EPERM) return Failed("unshare(CLONE_NEWNS)");
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return Failed("unshare(CLONE_NEWUSER)");
  }
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return Failed("mount(private)");
  return "";
}

}  // namespace ipmpsc::testing
