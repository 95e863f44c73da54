// NascentFile: a file that is written before it has a name, so that no process can open it half
// made.
#ifndef IPMPSC_INTERNAL_SEGMENT_NASCENT_FILE_H_
#define IPMPSC_INTERNAL_SEGMENT_NASCENT_FILE_H_

#include <sys/types.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/internal/os/unique_fd.h"

namespace ipmpsc::internal {

class NascentFile {
 public:
  // Creates the file in the directory of `path`. If the file system cannot hold files without a
  // name, it gets a hidden name there until it is named.
  //
  // It is marked as in use (use_mark.h), so that no process removes it as a leftover.
  //
  // Errors: kInvalidArgument (no directory, hugetlbfs), kNotFound, kPermissionDenied,
  // kResourceExhausted.
  static absl::StatusOr<NascentFile> Create(absl::string_view path, mode_t mode);

  NascentFile(NascentFile&& other) noexcept;
  NascentFile& operator=(NascentFile&& other) = delete;
  // Removes a hidden name.
  ~NascentFile();

  int fd() const { return fd_.get(); }
  UniqueFd TakeFd() { return std::move(fd_); }

  // Gives it the name `path`.
  //
  // Errors: kAlreadyExists; kPermissionDenied; kResourceExhausted; kUnavailable - no /proc.
  absl::Status Name();

  // Gives it the name `path`, atomically replacing the file that has it. Returns that file, open
  // for reading and writing. Returns an invalid fd if there was none or it cannot be opened.
  //
  // Errors: as `Name`, but not kAlreadyExists; kFailedPrecondition - `path` is a mount point;
  // kAborted - other processes kept changing the name.
  absl::StatusOr<UniqueFd> NameInPlace();

  // Whether the destructor has a hidden name to remove. After `NameInPlace` it is that of the
  // replaced file.
  bool has_hidden_name() const { return !hidden_.empty(); }

 private:
  NascentFile(UniqueFd fd, absl::string_view path, std::string hidden)
      : fd_(std::move(fd)), path_(path), hidden_(std::move(hidden)) {}

  absl::Status GiveHiddenName();
  // Like linkat, from its name or its descriptor.
  absl::Status LinkTo(const std::string& path, absl::string_view what);

  UniqueFd fd_;
  std::string path_;
  std::string hidden_;  // empty if it has no hidden name
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_SEGMENT_NASCENT_FILE_H_
