// Measures one large message at a time, from before its send until its receiver has it.
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_FRAMES_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_FRAMES_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "benchmarks/measurement/quantiles.h"
#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

// A frame of 3840 x 2160 pixels in YUV 4:2:0.
inline constexpr size_t kFrameBytes = 3840 * 2160 * 3 / 2;

enum class Filling {
  kCopied,   // `Send`, from memory of the sender
  kInPlace,  // `Loan`, one byte written in each page, `Publish`
};

// As many frames as a ring of 64 MiB holds, so that all systems use the same amount of memory.
inline constexpr size_t kFrameQueueBytes = size_t{64} << 20;

// `queue_bytes` is the capacity of the channel in bytes.
// Errors: those of the transport; kUnimplemented - the transport cannot lend memory.
absl::StatusOr<Quantiles> MeasureFrames(const TransportKind& kind, Filling filling,
                                        size_t queue_bytes, absl::Duration time);

// Measures the same without a transport: the bytes are copied, or the pages written, in memory that
// both processes share. A word announces the frame, of `size` bytes, at most `kFrameBytes`.
absl::StatusOr<Quantiles> MeasureBareFrames(Filling filling, absl::Duration time,
                                            size_t size = kFrameBytes);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_FRAMES_H_
