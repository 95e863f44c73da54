// The state of all vehicles, gathered from their samples.
#ifndef IPMPSC_EXAMPLES_TELEMETRY_FLEET_H_
#define IPMPSC_EXAMPLES_TELEMETRY_FLEET_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "examples/telemetry/vehicle_sample.ipmpsc.h"

namespace ipmpsc::examples {

struct VehicleState {
  uint64_t samples = 0;
  uint64_t last_sequence = 0;
  uint64_t lost = 0;  // sequence numbers that are missing, repeated or late
  double speed_sum = 0;
  uint64_t wheels = 0;  // the number of wheels in all samples
  float lowest_pressure = 0;
  float highest_temperature = 0;
  std::string hottest_part;
  uint64_t faults = 0;
  std::string last_fault;
};

class Fleet {
 public:
  explicit Fleet(size_t vehicles) : vehicles_(vehicles) {}

  void Add(const VehicleSampleView& sample);

  const std::vector<VehicleState>& vehicles() const { return vehicles_; }
  uint64_t samples() const { return samples_; }
  uint64_t lost() const;
  // Samples of vehicles that do not belong to the fleet.
  uint64_t strangers() const { return strangers_; }

  // Returns the line with the names of the columns.
  static std::string TableHead();
  // Returns the line of one vehicle.
  std::string TableRow(size_t vehicle) const;

 private:
  std::vector<VehicleState> vehicles_;
  uint64_t samples_ = 0;
  uint64_t strangers_ = 0;
};

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_TELEMETRY_FLEET_H_
