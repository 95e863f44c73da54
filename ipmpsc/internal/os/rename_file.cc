#include "ipmpsc/internal/os/rename_file.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ipmpsc::internal {
namespace {

// RENAME_*. The constants and the function are younger than some C libraries.
constexpr unsigned kNoReplace = 1 << 0;
constexpr unsigned kExchange = 1 << 1;

bool Rename(const char* from, const char* to, unsigned flags) {
  return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags) == 0;
}

}  // namespace

bool ExchangeNames(const char* path, const char* other) { return Rename(path, other, kExchange); }

bool RenameWithoutReplacing(const char* from, const char* to) {
  return Rename(from, to, kNoReplace);
}

}  // namespace ipmpsc::internal
