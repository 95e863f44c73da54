#include "bridge/place.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::bridge {
namespace {

constexpr absl::string_view kMagic = "ipmpsc-place";
constexpr absl::string_view kVersion = "1";

bool ParseNumber(absl::string_view text, uint64_t max, uint64_t* number) {
  // SimpleAtoi takes signs and spaces, too.
  if (text.empty() || text.size() > 20) return false;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return absl::SimpleAtoi(text, number) && *number <= max;
}

bool IsChannelId(absl::string_view text) {
  if (text.size() != 32) return false;
  for (const char c : text) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

absl::Status FileError(int error, absl::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot ", what, " the place file ", path));
}

// Reads the whole file. An empty one is a place at the beginning.
absl::StatusOr<Place> ReadFrom(int fd, const std::string& path) {
  char text[kPlaceBytes + 1];
  const ssize_t size = pread(fd, text, sizeof(text), 0);
  if (size < 0) return FileError(errno, "read", path);
  if (size == 0) return Place();
  absl::StatusOr<Place> place = ParsePlace(absl::string_view(text, static_cast<size_t>(size)));
  if (!place.ok()) {
    return absl::DataLossError(absl::StrCat("the place file ", path, ": ", place.status().message(),
                                            "; name another with --place, or remove it, and the "
                                            "stream is read from its first message"));
  }
  return place;
}

}  // namespace

std::string PlaceText(const Place& place) {
  std::string text =
      absl::StrCat(kMagic, " ", kVersion, " done ", place.done, " begun ", place.begun, " channel ",
                   place.channel_id.empty() ? "-" : place.channel_id, " slot ", place.slot,
                   " owner ", place.owner, " number ", place.number, " position ", place.position);
  text.resize(kPlaceBytes - 1, ' ');
  return text + "\n";
}

absl::StatusOr<Place> ParsePlace(absl::string_view text) {
  const absl::Status wrong = absl::DataLossError("it does not have the place of a bridge");
  if (text.size() != kPlaceBytes || text.back() != '\n') return wrong;
  const std::vector<absl::string_view> words =
      absl::StrSplit(absl::StripTrailingAsciiWhitespace(text), ' ');
  const absl::string_view names[] = {"done",  "begun",  "channel", "slot",
                                     "owner", "number", "position"};
  if (words.size() != 16 || words[0] != kMagic || words[1] != kVersion) return wrong;
  for (size_t i = 0; i < 7; ++i) {
    if (words[2 + 2 * i] != names[i]) return wrong;
  }
  Place place;
  uint64_t slot = 0;
  uint64_t owner = 0;
  if (!ParseNumber(words[3], UINT64_MAX - 1, &place.done) ||
      !ParseNumber(words[5], UINT64_MAX - 1, &place.begun) ||
      !ParseNumber(words[9], UINT16_MAX, &slot) || !ParseNumber(words[11], UINT32_MAX, &owner) ||
      !ParseNumber(words[13], UINT64_MAX, &place.number) ||
      !ParseNumber(words[15], UINT64_MAX, &place.position)) {
    return wrong;
  }
  if (words[7] != "-") {
    if (!IsChannelId(words[7])) return wrong;
    place.channel_id = std::string(words[7]);
  }
  if (place.begun != 0 && (place.begun <= place.done || place.channel_id.empty())) return wrong;
  place.slot = static_cast<uint16_t>(slot);
  place.owner = static_cast<uint32_t>(owner);
  return place;
}

absl::StatusOr<PlaceFile> PlaceFile::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (fd < 0) return FileError(errno, "open", path);
  PlaceFile file(path, fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FileError(errno, "lock", path);
    return absl::AlreadyExistsError(
        absl::StrCat("another bridge has the place file ", path,
                     "; end it, or name another file with --place for another stream"));
  }
  absl::StatusOr<Place> place = ReadFrom(fd, path);
  if (!place.ok()) return place.status();
  // Written at once, so a file system without space is noticed before a message is sent.
  const absl::Status written = file.Write(*place);
  if (!written.ok()) return written;
  return file;
}

absl::StatusOr<Place> PlaceFile::Read(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT) return Place();
    return FileError(errno, "open", path);
  }
  absl::StatusOr<Place> place = ReadFrom(fd, path);
  close(fd);
  return place;
}

PlaceFile::~PlaceFile() {
  if (fd_ >= 0) close(fd_);
}

absl::Status PlaceFile::Write(const Place& place) {
  // One write within one page: a death leaves the old text or the new one.
  const std::string text = PlaceText(place);
  const ssize_t size = pwrite(fd_, text.data(), text.size(), 0);
  if (size != static_cast<ssize_t>(text.size())) {
    return FileError(size < 0 ? errno : ENOSPC, "write", path_);
  }
  place_ = place;
  return absl::OkStatus();
}

}  // namespace ipmpsc::bridge
