#include "examples/telemetry/fleet.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "examples/telemetry/vehicle.h"
#include "examples/telemetry/vehicle_sample.ipmpsc.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"

namespace ipmpsc::examples {
namespace {

// A fleet on the receiving side of a channel.
class FleetTest : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<Channel> channel = VehicleSampleChannel::CreateAnonymous();
    ASSERT_TRUE(channel.ok()) << channel.status();
    absl::StatusOr<VehicleSampleSender> sender = VehicleSampleSender::Attach(*channel);
    ASSERT_TRUE(sender.ok()) << sender.status();
    sender_.emplace(*std::move(sender));
    absl::StatusOr<VehicleSampleReceiver> receiver = VehicleSampleReceiver::Attach(*channel);
    ASSERT_TRUE(receiver.ok()) << receiver.status();
    receiver_.emplace(*std::move(receiver));
  }

  VehicleSampleLoan Loan() {
    absl::StatusOr<VehicleSampleLoan> loan = sender_->TryClaim(kMaxSampleSize);
    EXPECT_TRUE(loan.ok()) << loan.status();
    return *std::move(loan);
  }

  void Publish(VehicleSampleLoan sample) {
    const absl::Status published = std::move(sample).Publish();
    ASSERT_TRUE(published.ok()) << published;
    const absl::StatusOr<VehicleSampleLease> lease = receiver_->TryReceive();
    ASSERT_TRUE(lease.ok()) << lease.status();
    fleet_.Add(**lease);
  }

  void PublishEmpty(uint32_t vehicle, uint64_t sequence) {
    VehicleSampleLoan sample = Loan();
    sample.set_vehicle(vehicle);
    sample.set_sequence(sequence);
    Publish(std::move(sample));
  }

  std::optional<VehicleSampleSender> sender_;
  std::optional<VehicleSampleReceiver> receiver_;
  Fleet fleet_{2};
};

TEST_F(FleetTest, AddsUpNestedAndRepeatedFields) {
  VehicleSampleLoan sample = Loan();
  sample.set_vehicle(1);
  sample.set_sequence(1);
  for (const float speed : {10.0F, 20.0F}) {
    VehicleSampleWriter::WheelWriter wheel = sample.add_wheels();
    wheel.set_speed(speed);
    wheel.set_pressure(speed / 10);
  }
  sample.add_temperatures("battery", -5);
  sample.add_temperatures("motor", -1);
  sample.add_faults().set_code(7);
  {
    VehicleSampleWriter::FaultWriter fault = sample.add_faults();
    fault.set_code(8);
    fault.set_part("horn");
  }
  Publish(std::move(sample));

  const VehicleState& state = fleet_.vehicles()[1];
  EXPECT_EQ(state.samples, 1u);
  EXPECT_EQ(state.wheels, 2u);
  EXPECT_FLOAT_EQ(state.lowest_pressure, 1);
  EXPECT_FLOAT_EQ(state.highest_temperature, -1);
  EXPECT_EQ(state.hottest_part, "motor");
  EXPECT_EQ(fleet_.TableHead(),
            "vehicle   samples   lost    km/h  lowest bar          hottest  faults  last fault");
  EXPECT_EQ(fleet_.TableRow(1),
            "1               1      0    54.0        1.00     motor -1.0 C       2  no. 8, horn");
  EXPECT_EQ(fleet_.TableRow(0),
            "0               0      0     0.0        0.00                -       0  -");
}

TEST_F(FleetTest, CountsMissingRepeatedAndLateSamples) {
  PublishEmpty(0, 1);
  PublishEmpty(1, 3);
  EXPECT_EQ(fleet_.lost(), 2u);
  PublishEmpty(0, 1);
  EXPECT_EQ(fleet_.lost(), 3u);
  PublishEmpty(1, 2);
  EXPECT_EQ(fleet_.lost(), 4u);
  PublishEmpty(2, 1);
  EXPECT_EQ(fleet_.lost(), 4u);
  EXPECT_EQ(fleet_.strangers(), 1u);
  EXPECT_EQ(fleet_.samples(), 2u);
}

// Every sample of a vehicle fits into the bound of its loan.
TEST_F(FleetTest, TakesTheSamplesOfVehicles) {
  for (uint64_t sequence = 1; sequence <= 1000; ++sequence) {
    for (uint32_t vehicle = 0; vehicle < 2; ++vehicle) {
      VehicleSampleLoan sample = Loan();
      WriteSample(vehicle, sequence, &sample);
      Publish(std::move(sample));
    }
  }
  EXPECT_EQ(fleet_.lost(), 0u);
  EXPECT_EQ(fleet_.samples(), 2000u);
  EXPECT_EQ(fleet_.vehicles()[0].wheels, 4000u);
  EXPECT_EQ(fleet_.vehicles()[1].faults, 10u);
  EXPECT_EQ(fleet_.vehicles()[0].last_fault, "no. 10, wheel 0");
  EXPECT_EQ(fleet_.vehicles()[1].last_fault, "no. 10, battery");
}

}  // namespace
}  // namespace ipmpsc::examples
