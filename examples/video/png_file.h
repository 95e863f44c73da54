// Writes a picture as a PNG file.
#ifndef IPMPSC_EXAMPLES_VIDEO_PNG_FILE_H_
#define IPMPSC_EXAMPLES_VIDEO_PNG_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::examples {

// The file at `path` is there whole, or not at all. REQUIRES: `rgb` is width * height * 3 bytes, and
// not empty.
//
// Errors: what opening, writing and renaming a file fail with.
absl::Status WritePngFile(const std::string& path, uint32_t width, uint32_t height,
                          absl::string_view rgb);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_VIDEO_PNG_FILE_H_
