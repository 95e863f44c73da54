#include "examples/telemetry/fleet.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ipmpsc::examples {
namespace {

std::string Text(const VehicleSampleView::FaultView& fault) {
  std::string text = absl::StrCat("no. ", fault.code());
  if (fault.has_wheel()) absl::StrAppend(&text, ", wheel ", fault.wheel());
  if (fault.has_part()) absl::StrAppend(&text, ", ", fault.part());
  return text;
}

}  // namespace

void Fleet::Add(const VehicleSampleView& sample) {
  if (sample.vehicle() >= vehicles_.size()) {
    ++strangers_;
    return;
  }
  VehicleState& vehicle = vehicles_[sample.vehicle()];
  if (sample.sequence() <= vehicle.last_sequence) {
    ++vehicle.lost;
    return;
  }
  vehicle.lost += sample.sequence() - vehicle.last_sequence - 1;
  vehicle.last_sequence = sample.sequence();
  ++vehicle.samples;
  ++samples_;

  for (const VehicleSampleView::WheelView& wheel : sample.wheels()) {
    vehicle.lowest_pressure = vehicle.wheels == 0
                                  ? wheel.pressure()
                                  : std::min(vehicle.lowest_pressure, wheel.pressure());
    vehicle.speed_sum += wheel.speed();
    ++vehicle.wheels;
  }
  for (const auto& entry : sample.temperatures()) {
    if (vehicle.hottest_part.empty() || entry.value() > vehicle.highest_temperature) {
      vehicle.highest_temperature = entry.value();
      vehicle.hottest_part = std::string(entry.key());
    }
  }
  vehicle.faults += sample.faults().size();
  if (sample.faults_size() > 0) {
    vehicle.last_fault = Text(sample.faults(sample.faults_size() - 1));
  }
}

uint64_t Fleet::lost() const {
  uint64_t lost = 0;
  for (const VehicleState& vehicle : vehicles_) lost += vehicle.lost;
  return lost;
}

std::string Fleet::TableHead() {
  return absl::StrFormat("%-7s %9s %6s %7s %11s %16s %7s  %s", "vehicle", "samples", "lost", "km/h",
                         "lowest bar", "hottest", "faults", "last fault");
}

std::string Fleet::TableRow(size_t vehicle) const {
  const VehicleState& state = vehicles_[vehicle];
  const double speed =
      state.wheels == 0 ? 0 : state.speed_sum / static_cast<double>(state.wheels) * 3.6;
  const std::string hottest =
      state.hottest_part.empty()
          ? "-"
          : absl::StrFormat("%s %.1f C", state.hottest_part, state.highest_temperature);
  return absl::StrFormat("%-7d %9d %6d %7.1f %11.2f %16s %7d  %s", vehicle, state.samples,
                         state.lost, speed, state.lowest_pressure, hottest, state.faults,
                         state.faults == 0 ? "-" : state.last_fault);
}

}  // namespace ipmpsc::examples
