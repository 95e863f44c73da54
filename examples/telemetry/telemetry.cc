// Runs many vehicles, each a process of its own, that report to one receiver.
//
//   telemetry [--vehicles=16] [--samples=2000] [--rate=500]
//
// If a vehicle is killed, its sent samples still count and the others continue.

#include <signal.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/command_line.h"
#include "examples/processes.h"
#include "examples/stop.h"
#include "examples/telemetry/fleet.h"
#include "examples/telemetry/vehicle.h"
#include "examples/telemetry/vehicle_sample.ipmpsc.h"
#include "ipmpsc/channel.h"

ABSL_FLAG(uint32_t, vehicles, 16, "the number of vehicles, each a process");
ABSL_FLAG(uint64_t, samples, 2000, "the number of samples that each vehicle sends");
ABSL_FLAG(double, rate, 500, "samples per second and vehicle; 0 means as many as possible");

namespace ipmpsc::examples {
namespace {

// Receives until no vehicle runs and every sample is received.
absl::Status ReceiveAll(Channel* channel, VehicleSampleReceiver* receiver,
                        std::vector<Process>* vehicles, Fleet* fleet) {
  using Clock = std::chrono::steady_clock;
  auto next_progress = Clock::now() + std::chrono::seconds(1);
  bool stopping = false;
  for (;;) {
    const absl::StatusOr<VehicleSampleLease> sample = receiver->Receive(kLookForStop);
    if (sample.ok()) {
      fleet->Add(**sample);
    } else if (absl::IsInvalidArgument(sample.status())) {
      Complain(sample.status().message());
    } else if (absl::IsDeadlineExceeded(sample.status())) {
      // The next `Receive` returns the remaining samples, then kOutOfRange.
      if (!AnyRunning(vehicles)) channel->Close();
    } else {
      return absl::IsOutOfRange(sample.status()) ? absl::OkStatus() : sample.status();
    }
    if (StopRequested() && !stopping) {
      stopping = true;
      for (const Process& vehicle : *vehicles) Signal(vehicle, SIGTERM);
    }
    if (Clock::now() >= next_progress) {
      std::printf("%llu samples\n", static_cast<unsigned long long>(fleet->samples()));
      std::fflush(stdout);
      next_progress += std::chrono::seconds(1);
    }
  }
}

// Prints the table and the last line. Returns whether every sample of every vehicle that was not
// killed arrived.
bool PrintTable(const Fleet& fleet, const std::vector<Process>& vehicles) {
  std::printf("\n%s\n", Fleet::TableHead().c_str());
  bool well = fleet.lost() == 0 && fleet.strangers() == 0;
  for (size_t i = 0; i < vehicles.size(); ++i) {
    std::printf("%s  %s\n", fleet.TableRow(i).c_str(), vehicles[i].Ending().c_str());
    // A killed vehicle is part of the demonstration. A failure or a missing sample is not.
    well &= vehicles[i].killed() ||
            (vehicles[i].ended_well() &&
             (StopRequested() || fleet.vehicles()[i].samples == absl::GetFlag(FLAGS_samples)));
  }
  std::printf("%llu samples of %llu vehicles, %llu lost\n",
              static_cast<unsigned long long>(fleet.samples()),
              static_cast<unsigned long long>(vehicles.size()),
              static_cast<unsigned long long>(fleet.lost()));
  return well;
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments =
      ParseArguments(argc, argv,
                     "telemetry [flags]\n\nRuns vehicles, each in a process of its own, that send "
                     "small nested messages on one channel, and prints a summary of their samples.",
                     {"vehicles", "samples", "rate"});
  const uint32_t count = absl::GetFlag(FLAGS_vehicles);
  const uint32_t most = VehicleSampleChannel::Options().max_senders;
  const double rate = absl::GetFlag(FLAGS_rate);
  if (!arguments.empty())
    Fail(kBadInput,
         absl::StrCat("unexpected argument '", arguments[0], "'; --help lists the flags"));
  if (count < 1 || count > most) Fail(kBadInput, absl::StrCat("--vehicles must be 1 to ", most));
  if (absl::GetFlag(FLAGS_samples) < 1) Fail(kBadInput, "--samples must be 1 or more");
  if (!(rate == 0 || (rate >= 1 && rate <= 1e6))) {
    Fail(kBadInput, "--rate must be 1 to 1000000, or 0");
  }

  absl::StatusOr<Channel> channel = VehicleSampleChannel::CreateTemp();
  if (!channel.ok()) Fail(kFault, channel.status().message());
  StopOnSignals();
  std::vector<Process> vehicles;
  for (uint32_t i = 0; i < count; ++i) {
    const Drive drive = {channel->path(), i, absl::GetFlag(FLAGS_samples), rate};
    vehicles.push_back(Start(absl::StrCat("vehicle ", i), [&] { return SendSamples(drive); }));
  }
  std::printf("channel %s, vehicles are processes %d to %d\n", channel->path().c_str(),
              static_cast<int>(vehicles.front().pid), static_cast<int>(vehicles.back().pid));
  std::fflush(stdout);
  absl::StatusOr<VehicleSampleReceiver> receiver = VehicleSampleReceiver::Attach(*channel);
  Fleet fleet(count);
  const absl::Status received =
      receiver.ok() ? ReceiveAll(&*channel, &*receiver, &vehicles, &fleet) : receiver.status();
  if (!received.ok()) {
    Complain(received.message());
    return kFault;  // `Fail` would leave the channel behind, as it runs no destructors.
  }
  return PrintTable(fleet, vehicles) ? 0 : kFault;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) { return ipmpsc::examples::Main(argc, argv); }
