#include "examples/telemetry/vehicle.h"

#include <chrono>
#include <cmath>
#include <cstddef>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "examples/stop.h"

namespace ipmpsc::examples {
namespace {

// Bounds the wait for a receiver that is stuck.
constexpr absl::Duration kPatience = absl::Seconds(10);

}  // namespace

void WriteSample(uint32_t vehicle, uint64_t sequence, VehicleSampleWriter* sample) {
  // Each vehicle drives in a circle of its own.
  const double angle = 0.001 * static_cast<double>(sequence % 100000) + vehicle;
  const double speed = 20 + 5 * std::sin(angle);
  sample->set_vehicle(vehicle);
  sample->set_sequence(sequence);
  {
    VehicleSampleWriter::PositionWriter position = sample->mutable_position();
    position.set_latitude(static_cast<int32_t>(525200000 + 100000 * std::cos(angle)));
    position.set_longitude(static_cast<int32_t>(134050000 + 100000 * std::sin(angle)));
  }
  // Every third vehicle is a lorry.
  const uint32_t wheels = vehicle % 3 == 2 ? 6 : 4;
  for (uint32_t i = 0; i < wheels; ++i) {
    VehicleSampleWriter::WheelWriter wheel = sample->add_wheels();
    wheel.set_speed(static_cast<float>(speed));
    wheel.set_pressure(2.4F - 0.01F * static_cast<float>(i));
  }
  sample->add_temperatures("motor", static_cast<float>(70 + speed / 2));
  sample->add_temperatures("battery", static_cast<float>(25 + vehicle % 10));
  if (sequence % 100 == 0) {
    VehicleSampleWriter::FaultWriter fault = sample->add_faults();
    fault.set_code(static_cast<uint32_t>(sequence / 100));
    if (vehicle % 2 == 0) {
      fault.set_wheel(vehicle % wheels);
    } else {
      fault.set_part("battery");
    }
  }
}

absl::Status SendSamples(const Drive& drive) {
  absl::StatusOr<VehicleSampleSender> sender = VehicleSampleSender::Open(drive.channel);
  if (!sender.ok()) return sender.status();
  const auto start = std::chrono::steady_clock::now();
  for (uint64_t sequence = 1; sequence <= drive.samples && !StopRequested(); ++sequence) {
    absl::StatusOr<VehicleSampleLoan> sample = sender->Claim(kMaxSampleSize, kPatience);
    if (!sample.ok()) return sample.status();
    WriteSample(drive.vehicle, sequence, &*sample);
    const absl::Status published = std::move(*sample).Publish();
    if (!published.ok()) return published;
    if (drive.rate > 0) {
      const std::chrono::duration<double> due(static_cast<double>(sequence) / drive.rate);
      std::this_thread::sleep_until(
          start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(due));
    }
  }
  return absl::OkStatus();
}

}  // namespace ipmpsc::examples
