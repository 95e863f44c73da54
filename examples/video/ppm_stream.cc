#include "examples/video/ppm_stream.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/stop.h"

namespace ipmpsc::examples {
namespace {

absl::Status NotAPicture(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("not a picture in the PPM format: ", why));
}

}  // namespace

absl::StatusOr<PictureSize> PpmStream::Next() {
  char magic[2];
  const absl::StatusOr<size_t> first = ReadSome(absl::MakeSpan(magic, 1));
  if (!first.ok()) return first.status();
  if (*first == 0) return absl::OutOfRangeError("no more pictures");
  const absl::Status second = Read(absl::MakeSpan(magic + 1, 1));
  if (!second.ok()) return second;
  if (magic[0] != 'P' || magic[1] != '6') return NotAPicture("it does not begin with P6");

  const absl::StatusOr<uint32_t> width = ReadNumber();
  if (!width.ok()) return width.status();
  const absl::StatusOr<uint32_t> height = ReadNumber();
  if (!height.ok()) return height.status();
  const absl::StatusOr<uint32_t> brightest = ReadNumber();
  if (!brightest.ok()) return brightest.status();
  if (*width < 1 || *width > kMaxPictureSide || *height < 1 || *height > kMaxPictureSide) {
    return NotAPicture(absl::StrCat("its size is ", *width, "x", *height));
  }
  if (*brightest != 255)
    return NotAPicture(absl::StrCat("its maximum colour value is ", *brightest, " instead of 255"));
  return PictureSize{*width, *height};
}

absl::Status PpmStream::Read(absl::Span<char> pixels) {
  while (!pixels.empty()) {
    const absl::StatusOr<size_t> size = ReadSome(pixels);
    if (!size.ok()) return size.status();
    if (*size == 0) return absl::DataLossError("the input ends in the middle of a picture");
    pixels.remove_prefix(*size);
  }
  return absl::OkStatus();
}

absl::Status PpmStream::Skip(size_t size) {
  char dropped[65536];
  absl::Status status;
  while (size > 0 && status.ok()) {
    const size_t part = std::min(size, sizeof(dropped));
    status = Read(absl::MakeSpan(dropped, part));
    size -= part;
  }
  return status;
}

// Reads one byte at a time, since the first pixel follows the white space after the last number.
absl::StatusOr<uint32_t> PpmStream::ReadNumber() {
  uint32_t number = 0;
  int digits = 0;
  for (;;) {
    char c;
    const absl::Status read = Read(absl::MakeSpan(&c, 1));
    if (!read.ok()) return read;
    if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      if (++digits > 5) return NotAPicture("a number in its header is too long");
      number = number * 10 + static_cast<uint32_t>(c - '0');
    } else if (!absl::ascii_isspace(static_cast<unsigned char>(c))) {
      return NotAPicture("its size is missing");
    } else if (digits > 0) {
      return number;
    }
  }
}

absl::StatusOr<size_t> PpmStream::ReadSome(absl::Span<char> bytes) {
  for (;;) {
    if (StopRequested()) return absl::CancelledError("asked to stop");
    pollfd ready = {fd_, POLLIN, 0};
    const int count = poll(&ready, 1, static_cast<int>(absl::ToInt64Milliseconds(kLookForStop)));
    if (count == 0 || (count < 0 && errno == EINTR)) continue;
    const ssize_t size = read(fd_, bytes.data(), bytes.size());
    if (size >= 0) return static_cast<size_t>(size);
    if (errno != EINTR) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot read the pictures: ", std::strerror(errno)));
    }
  }
}

}  // namespace ipmpsc::examples
