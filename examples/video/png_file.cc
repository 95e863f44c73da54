#include "examples/video/png_file.h"

#include <errno.h>
#include <png.h>

#include <cstdio>

#include "absl/strings/str_cat.h"

namespace ipmpsc::examples {

absl::Status WritePngFile(const std::string& path, uint32_t width, uint32_t height,
                          absl::string_view rgb) {
  const std::string unfinished = path + ".part";
  std::FILE* const file = std::fopen(unfinished.c_str(), "wb");
  if (file == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_RGB;
  image.flags = PNG_IMAGE_FLAG_FAST;  // The viewer receives nothing meanwhile.
  errno = 0;
  const bool written = png_image_write_to_stdio(&image, file, /*convert_to_8_bit=*/0, rgb.data(),
                                                /*row_stride=*/0, /*colormap=*/nullptr) != 0;
  int error = written ? 0 : errno;
  if (std::fclose(file) != 0) error = errno;
  if (written && error == 0 && std::rename(unfinished.c_str(), path.c_str()) == 0) {
    return absl::OkStatus();
  }
  if (error == 0) error = errno;
  std::remove(unfinished.c_str());
  return absl::ErrnoToStatus(error, absl::StrCat("cannot write ", path, " ", image.message));
}

}  // namespace ipmpsc::examples
