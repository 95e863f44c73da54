#include "tests/testing/process/restrictions.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"

namespace ipmpsc::testing {
namespace {

std::string Failed(const char* call) { return absl::StrCat(call, ": ", strerror(errno)); }

}  // namespace

std::string DropFileCapabilities() {
  for (const int capability : {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER}) {
    std::string failed = DropCapability(capability);
    if (!failed.empty()) return failed;
  }
  return "";
}

std::string DropCapability(int capability) {
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
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return Failed("mount(private)");
  }
  return "";
}

std::string DenySyscall(long number, int argument, uint32_t bits, int error) {
  // Little-endian: the lower half of an argument comes first.
  const uint32_t low = static_cast<uint32_t>(offsetof(seccomp_data, args) + 8 * argument);
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offsetof(seccomp_data, nr))),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, bits, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<uint32_t>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program = {static_cast<unsigned short>(sizeof(code) / sizeof(code[0])), code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Failed("no_new_privs");
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) return Failed("seccomp");
  return "";
}

std::string DenyOpen(uint32_t bits, int error) {
  std::string failed = DenySyscall(SYS_openat, 2, bits, error);
#ifdef SYS_open
  if (failed.empty()) failed = DenySyscall(SYS_open, 1, bits, error);
#endif
  return failed;
}

}  // namespace ipmpsc::testing
