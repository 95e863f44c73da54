// png_pixels FILE: writes the pixels of a PNG file, three bytes each, to standard output.
#include <png.h>

#include <cstdio>
#include <vector>

int main(int argc, char** argv) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  if (argc != 2 || png_image_begin_read_from_file(&image, argv[1]) == 0) {
    std::fprintf(stderr, "png_pixels: %s\n", image.message);
    return 1;
  }
  image.format = PNG_FORMAT_RGB;
  std::vector<char> pixels(PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, /*background=*/nullptr, pixels.data(), /*row_stride=*/0,
                            /*colormap=*/nullptr) == 0) {
    std::fprintf(stderr, "png_pixels: %s\n", image.message);
    return 1;
  }
  return std::fwrite(pixels.data(), 1, pixels.size(), stdout) == pixels.size() ? 0 : 1;
}
