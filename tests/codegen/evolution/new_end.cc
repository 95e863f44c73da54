// A program built with the new schema.
//
//   new_end create|send|receive|send-total|receive-total PATH
#include <iostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/codegen/evolution/evolution_end.h"
#include "tests/codegen/evolution/new/reading.ipmpsc.h"
#include "tests/codegen/evolution/new/reading.pb.h"

namespace ipmpsc_test::evolution {

absl::Status Create(const std::string& path) { return ReadingChannel::Create(path).status(); }

absl::Status CreateForTotals(const std::string& path) {
  return TotalChannel::Create(path).status();
}

absl::Status Send(const std::string& path) {
  absl::StatusOr<ReadingSender> sender = ReadingSender::Open(path);
  if (!sender.ok()) return sender.status();
  PrintDifferences(sender->schema_differences());
  Reading reading;
  reading.set_device("new");
  reading.set_value(-8);
  Reading::Point& point = *reading.add_points();
  point.set_x(4);
  point.set_y(5);
  point.set_z(6);
  (*reading.mutable_counts())["a"] = 9;
  reading.set_unit(Reading::UNIT_PASCAL);
  reading.add_history(0.5);
  return sender->Send(reading, absl::Seconds(10));
}

absl::Status Receive(const std::string& path) {
  absl::StatusOr<ReadingReceiver> receiver = ReadingReceiver::Open(path);
  if (!receiver.ok()) return receiver.status();
  PrintDifferences(receiver->schema_differences());
  absl::StatusOr<ReadingLease> lease = receiver->Receive(absl::Seconds(10));
  if (!lease.ok()) return lease.status();
  const Reading reading = (*lease)->ToMessage();
  std::cout << "new: " << reading.device() << ", " << reading.value() << ", "
            << reading.points(0).x() << "/" << reading.points(0).y() << "/" << reading.points(0).z()
            << ", " << reading.counts().at("a") << ", " << Reading::Unit_Name(reading.unit())
            << ", " << reading.history_size() << "\n";
  return absl::OkStatus();
}

absl::Status SendTotal(const std::string& path) {
  absl::StatusOr<TotalSender> sender = TotalSender::Open(path);
  if (!sender.ok()) return sender.status();
  PrintDifferences(sender->schema_differences());
  Total total;
  total.set_sum(5000000000);
  return sender->Send(total, absl::Seconds(10));
}

absl::Status ReceiveTotal(const std::string& path) {
  absl::StatusOr<TotalReceiver> receiver = TotalReceiver::Open(path);
  if (!receiver.ok()) return receiver.status();
  PrintDifferences(receiver->schema_differences());
  absl::StatusOr<TotalLease> total = receiver->Receive(absl::Seconds(10));
  if (!total.ok()) return total.status();
  std::cout << "new: " << (*total)->sum() << "\n";
  return absl::OkStatus();
}

}  // namespace ipmpsc_test::evolution
