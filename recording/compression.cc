#include "recording/compression.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::recording {
namespace {

constexpr size_t kFirstAllocation = size_t{1} << 20;

struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

uint32_t Crc32(uint32_t crc, absl::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(crc, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

Compressor::Compressor() : context_(ZSTD_createCCtx()) {}

Compressor::~Compressor() { ZSTD_freeCCtx(static_cast<ZSTD_CCtx*>(context_)); }

absl::Status Compressor::Append(absl::string_view bytes, int level, std::string* out) {
  if (context_ == nullptr) return absl::ResourceExhaustedError("no memory for zstd");
  const size_t before = out->size();
  out->resize(before + ZSTD_compressBound(bytes.size()));
  const size_t size = ZSTD_compressCCtx(static_cast<ZSTD_CCtx*>(context_), &(*out)[before],
                                        out->size() - before, bytes.data(), bytes.size(), level);
  if (ZSTD_isError(size)) {
    out->resize(before);
    return absl::ResourceExhaustedError(absl::StrCat("zstd: ", ZSTD_getErrorName(size)));
  }
  out->resize(before + size);
  return absl::OkStatus();
}

absl::Status Decompress(absl::string_view bytes, uint64_t size, std::string* out) {
  const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
  if (context == nullptr) return absl::ResourceExhaustedError("no memory for zstd");
  out->resize(std::min<uint64_t>(size, kFirstAllocation));
  ZSTD_inBuffer input = {bytes.data(), bytes.size(), 0};
  size_t done = 0;
  size_t hint = 1;  // 0 at the end of a frame
  while (input.pos < input.size || hint != 0) {
    if (done == out->size() && done < size) out->resize(std::min<uint64_t>(size, 2 * done));
    ZSTD_outBuffer output = {out->data(), out->size(), done};
    const size_t input_before = input.pos;
    hint = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(hint))
      return absl::DataLossError(absl::StrCat("zstd: ", ZSTD_getErrorName(hint)));
    if (output.pos == done && input.pos == input_before) break;  // too long, or cut off
    done = output.pos;
  }
  if (hint != 0 || input.pos != input.size || done != size)
    return absl::DataLossError(absl::StrCat("the zstd data are not those of ", size, " bytes"));
  return absl::OkStatus();
}

}  // namespace ipmpsc::recording
