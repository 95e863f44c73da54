# Shell functions for tests of the camera and the viewer. Sourced, with `camera`, `viewer` and
# `png_pixels` set.

# pixels NUMBER SIZE: prints the bytes of a picture's pixels, different for each number.
pixels() { tail -c +$((1000 * $1 + 1)) "$camera" | head -c "$2"; }

# picture NUMBER WIDTH HEIGHT: prints a picture with these pixels in the PPM format.
picture() {
  printf 'P6\n%d %d\n255\n' "$2" "$3"
  pixels "$1" $(($2 * $3 * 3))
}

# expect_pixels FILE PIXELS: checks that the PNG file is a picture of these pixels.
expect_pixels() { cmp <("$png_pixels" "$1") "$2" || fail "$1 is another picture"; }
