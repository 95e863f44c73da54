// Mapping: a segment's file in memory. The data is mapped twice in a row, so that a record that
// passes the end of the data continues at its beginning.
//
//   base            + data_offset              + capacity                 + capacity
//   | header, slots | data                     | the same data once more  |
#ifndef IPMPSC_INTERNAL_OS_MAPPING_H_
#define IPMPSC_INTERNAL_OS_MAPPING_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"

namespace ipmpsc::internal {

struct MappingOptions {
  bool prefault = false;
  bool huge_pages = false;
  bool read_only = false;
};

class Mapping {
 public:
  // Leaves the second copy of the data out of core dumps. Works under `mlockall(MCL_FUTURE)`, where
  // both copies count against RLIMIT_MEMLOCK.
  //
  // REQUIRES: `fd` is open for reading, and for writing unless `read_only`. The file has
  // data_offset + capacity bytes, both multiples of the page size.
  //
  // Errors: kResourceExhausted - no address space, mappings, memory or lockable memory left.
  static absl::StatusOr<Mapping> Map(int fd, uint64_t data_offset, uint64_t capacity,
                                     const MappingOptions& options);

  Mapping(Mapping&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) = delete;
  ~Mapping();

  char* base() const { return base_; }

 private:
  Mapping(char* base, size_t size) : base_(base), size_(size) {}

  char* base_;
  size_t size_;
};

// Maps the pages of [data, data + size) for writing with one system call, which is faster than a
// fault for each page. False if the kernel refuses: then each page is mapped when it is touched.
bool PopulateForWrite(char* data, size_t size);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_MAPPING_H_
