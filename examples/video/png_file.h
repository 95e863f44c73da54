// Writes a picture as a PNG file.
#ifndef IPMPSC_EXAMPLES_VIDEO_PNG_FILE_H_
#define IPMPSC_EXAMPLES_VIDEO_PNG_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::examples {

// Writes the picture to the file at `path`, which exists only once it is complete. REQUIRES: `rgb`
// has width * height * 3 bytes and is not empty.
//
// Errors: the codes of `absl::ErrnoToStatus` for opening, writing and renaming a file.
absl::Status WritePngFile(const std::string& path, uint32_t width, uint32_t height,
                          absl::string_view rgb);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_VIDEO_PNG_FILE_H_
