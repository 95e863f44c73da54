// Checksums and compression of recordings.
#ifndef IPMPSC_RECORDING_COMPRESSION_H_
#define IPMPSC_RECORDING_COMPRESSION_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::recording {

// Returns the CRC-32 (that of zlib) of the bytes before, whose checksum is `crc`, and `bytes`. The
// checksum of no bytes is 0.
uint32_t Crc32(uint32_t crc, absl::string_view bytes);

// Makes zstd frames. Keeps its memory between calls.
class Compressor {
 public:
  Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  ~Compressor();

  // Appends `bytes` as one zstd frame to `*out`. `level` is zstd's: 1 to 19.
  //
  // Errors: kResourceExhausted - no memory.
  absl::Status Append(absl::string_view bytes, int level, std::string* out);

 private:
  void* context_;  // null without memory
};

// Sets `*out` to the content of the zstd frames in `bytes`, which must be of `size` bytes. Takes
// memory as it finds content, so a false `size` costs none.
//
// Errors:
//  * kDataLoss          - `bytes` are not zstd frames of `size` bytes
//  * kResourceExhausted - no memory
absl::Status Decompress(absl::string_view bytes, uint64_t size, std::string* out);

}  // namespace ipmpsc::recording

#endif  // IPMPSC_RECORDING_COMPRESSION_H_
