// A program built with the old schema, without protobuf.
//
//   old_end create|send|receive|send-total|receive-total PATH
#include <iostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/codegen/evolution/evolution_end.h"
#include "tests/codegen/evolution/old/reading.ipmpsc.h"

namespace ipmpsc_test::evolution {

absl::Status Create(const std::string& path) { return ReadingChannel::Create(path).status(); }

absl::Status CreateForTotals(const std::string& path) {
  return TotalChannel::Create(path).status();
}

absl::Status Send(const std::string& path) {
  absl::StatusOr<ReadingSender> sender = ReadingSender::Open(path);
  if (!sender.ok()) return sender.status();
  PrintDifferences(sender->schema_differences());
  absl::StatusOr<ReadingLoan> loan = sender->Claim(1000, absl::Seconds(10));
  if (!loan.ok()) return loan.status();
  loan->set_sensor("old");
  loan->set_value(-7);
  {
    Reading_PointWriter point = loan->add_points();
    point.set_x(1);
    point.set_y(2);
  }
  loan->set_comment("nobody reads this any more");
  loan->add_counts("a", 3);
  loan->set_unit(static_cast<Reading_Unit>(1));
  return std::move(*loan).Publish();
}

absl::Status Receive(const std::string& path) {
  absl::StatusOr<ReadingReceiver> receiver = ReadingReceiver::Open(path);
  if (!receiver.ok()) return receiver.status();
  PrintDifferences(receiver->schema_differences());
  absl::StatusOr<ReadingLease> reading = receiver->Receive(absl::Seconds(10));
  if (!reading.ok()) return reading.status();
  std::cout << "old: " << (*reading)->sensor() << ", " << (*reading)->value() << ", "
            << (*reading)->points(0).x() << "/" << (*reading)->points(0).y() << ", \""
            << (*reading)->comment() << "\", " << (*(*reading)->counts().find("a")).value() << ", "
            << static_cast<int>((*reading)->unit()) << "\n";
  return absl::OkStatus();
}

absl::Status SendTotal(const std::string& path) {
  absl::StatusOr<TotalSender> sender = TotalSender::Open(path);
  if (!sender.ok()) return sender.status();
  PrintDifferences(sender->schema_differences());
  absl::StatusOr<TotalLoan> loan = sender->Claim(100, absl::Seconds(10));
  if (!loan.ok()) return loan.status();
  loan->set_sum(4000000000);
  return std::move(*loan).Publish();
}

absl::Status ReceiveTotal(const std::string& path) {
  absl::StatusOr<TotalReceiver> receiver = TotalReceiver::Open(path);
  if (!receiver.ok()) return receiver.status();
  PrintDifferences(receiver->schema_differences());
  absl::StatusOr<TotalLease> total = receiver->Receive(absl::Seconds(10));
  if (!total.ok()) return total.status();
  std::cout << "old: " << (*total)->sum() << "\n";
  return absl::OkStatus();
}

}  // namespace ipmpsc_test::evolution
