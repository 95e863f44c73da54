#include "ipmpsc/internal/os/mapping.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ipmpsc::internal {
namespace {

constexpr uint64_t kHugePage = uint64_t{2} << 20;

// MADV_POPULATE_READ and MADV_POPULATE_WRITE (Linux 5.14), which some C libraries' headers lack.
constexpr int kPopulateRead = 22;
constexpr int kPopulateWrite = 23;

// Returns the limit `which` as text.
std::string Limit(int which) {
  struct rlimit limit;
  if (getrlimit(which, &limit) != 0) return "unknown";
  return limit.rlim_cur == RLIM_INFINITY ? "unlimited" : absl::StrCat(limit.rlim_cur);
}

absl::Status CannotMap(int error, uint64_t size) {
  const std::string text = absl::StrCat("cannot map ", size, " bytes (the data twice): ");
  switch (error) {
    case EAGAIN:
      return absl::ResourceExhaustedError(
          absl::StrCat(text, "this process locks all its memory (mlockall) and may lock ",
                       Limit(RLIMIT_MEMLOCK), " bytes; raise RLIMIT_MEMLOCK (ulimit -l)"));
    case ENOMEM:
      return absl::ResourceExhaustedError(absl::StrCat(
          text, strerror(error), ": the address space is used up (RLIMIT_AS, ulimit -v, is ",
          Limit(RLIMIT_AS), ") or there are too many mappings (vm.max_map_count)"));
    default:
      return absl::ErrnoToStatus(error, absl::StrCat(text, "refused"));
  }
}

}  // namespace

absl::StatusOr<Mapping> Mapping::Map(int fd, uint64_t data_offset, uint64_t capacity,
                                     const MappingOptions& options) {
  // First reserves the addresses for both copies, with room to align the data to a huge page.
  const uint64_t size = data_offset + 2 * capacity;
  const auto failed = [size] { return CannotMap(errno, size); };
  const uint64_t slack = options.huge_pages ? kHugePage : 0;
  void* reserved =
      mmap(nullptr, size + slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return failed();
  char* base = static_cast<char*>(reserved);
  if (slack != 0) {
    const uint64_t data =
        (reinterpret_cast<uint64_t>(base) + data_offset + slack - 1) & ~(slack - 1);
    const uint64_t front = data - data_offset - reinterpret_cast<uint64_t>(base);
    if (front != 0) munmap(base, front);
    base += front;
    if (front != slack) munmap(base + size, slack - front);
  }
  Mapping mapping(base, size);

  const int protection = options.read_only ? PROT_READ : PROT_READ | PROT_WRITE;
  char* const second = base + data_offset + capacity;
  if (mmap(base, data_offset + capacity, protection, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
      mmap(second, capacity, protection, MAP_SHARED | MAP_FIXED, fd,
           static_cast<off_t>(data_offset)) == MAP_FAILED) {
    return failed();
  }
  // A core dump has the data once. A failure does no harm.
  madvise(second, capacity, MADV_DONTDUMP);
  // Both are best effort: if the kernel refuses them, pages are small, or mapped when they are
  // touched.
  if (options.huge_pages) madvise(base + data_offset, 2 * capacity, MADV_HUGEPAGE);
  if (options.prefault) {
    madvise(base, size, options.read_only ? kPopulateRead : kPopulateWrite);
  }
  return mapping;
}

Mapping::~Mapping() {
  if (base_ != nullptr) munmap(base_, size_);
}

bool PopulateForWrite(char* data, size_t size) {
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t inside = reinterpret_cast<uint64_t>(data) & (page - 1);
  const int before = errno;
  const bool populated = madvise(data - inside, size + inside, kPopulateWrite) == 0;
  errno = before;
  return populated;
}

}  // namespace ipmpsc::internal
