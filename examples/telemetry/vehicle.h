// A vehicle: a process that tells how it goes, many times a second.
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
  double rate = 0;  // samples a second; 0: as many as the channel takes
};

// Sends its samples, until there are as many as wanted or this process is asked to stop.
//
// Errors: what `Open` and `Loan` of a typed sender, and `Publish` of its loan, return.
absl::Status SendSamples(const Drive& drive);

// Writes the sample with the number `sequence`: always the same one for the same vehicle.
void WriteSample(uint32_t vehicle, uint64_t sequence, VehicleSampleWriter* sample);

// Enough for any of them.
inline constexpr size_t kMaxSampleSize = 1024;

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_TELEMETRY_VEHICLE_H_
