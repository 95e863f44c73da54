// A vehicle: a process that reports its state many times a second.
#ifndef IPMPSC_EXAMPLES_TELEMETRY_VEHICLE_H_
#define IPMPSC_EXAMPLES_TELEMETRY_VEHICLE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "examples/telemetry/vehicle_sample.ipmpsc.h"

namespace ipmpsc::examples {

struct Drive {
  std::string channel;  // path
  uint32_t vehicle = 0;
  uint64_t samples = 0;
  double rate = 0;  // samples per second; 0 means as many as the channel takes
};

// Sends the samples of a vehicle until all are sent or this process is asked to stop.
//
// Errors: those of `Open` and `Loan` of a typed sender, and of `Publish` of its loan.
absl::Status SendSamples(const Drive& drive);

// Writes the sample with the number `sequence`, which depends on `vehicle` and `sequence` only.
void WriteSample(uint32_t vehicle, uint64_t sequence, VehicleSampleWriter* sample);

// The bound for the loan of any sample, in bytes.
inline constexpr size_t kMaxSampleSize = 1024;

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_TELEMETRY_VEHICLE_H_
