// NascentFile: a file that is written before it has a name, so that nobody can open it half made.
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
  // In the directory where `path` is to be. Where the file system cannot hold files without a name,
  // it gets a hidden one there until it is named.
  //
  // Nobody takes it for a leftover: it is marked as in use (use_mark.h).
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

  // Gives it the name `path`, atomically in the place of what has that name. Returns the file that
  // had it, open for reading and writing, or an invalid fd where there was none or it cannot be
  // opened.
  //
  // Errors: as `Name`, but for kAlreadyExists; kFailedPrecondition - `path` is a mount point;
  // kAborted - others kept changing the name.
  absl::StatusOr<UniqueFd> NameInPlace();

  // Whether a hidden name is left that the destructor removes: after `NameInPlace`, that of the file
  // which was replaced.
  bool has_hidden_name() const { return !hidden_.empty(); }

 private:
  NascentFile(UniqueFd fd, absl::string_view path, std::string hidden)
      : fd_(std::move(fd)), path_(path), hidden_(std::move(hidden)) {}

  absl::Status GiveHiddenName();
  // As linkat, from the name or the descriptor that it has.
  absl::Status LinkTo(const std::string& path, absl::string_view what);

  UniqueFd fd_;
  std::string path_;
  std::string hidden_;  // empty: has no name
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_SEGMENT_NASCENT_FILE_H_
