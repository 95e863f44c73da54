// The peer of matrix.sh in C++.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << value.status() << std::endl;
  std::exit(1);
}

void OrDie(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << std::endl;
  std::exit(1);
}

// Prints a line at once, so that it is there when this process is killed.
void Print(const std::string& line) {
  const std::string text = line + "\n";
  if (write(1, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::exit(1);
}

int Receive(const std::string& path) {
  ipmpsc::ChannelOptions options;
  options.capacity = 65536;
  options.max_senders = 4;
  const ipmpsc::Channel channel = OrDie(ipmpsc::Channel::Create(path, options));
  ipmpsc::Receiver receiver = OrDie(ipmpsc::Receiver::Attach(channel));
  for (;;) {
    const ipmpsc::Lease lease = OrDie(receiver.Receive(kPatience));
    std::cout << lease.payload() << '\n';
    if (lease.payload() == "end") return std::cout.flush() ? 0 : 1;
  }
}

int Send(const std::string& path, const std::string& name, uint64_t count,
         const std::string& last) {
  const ipmpsc::Channel channel = OrDie(ipmpsc::Channel::Open(path, {kPatience}));
  ipmpsc::Sender sender = OrDie(ipmpsc::Sender::Attach(channel));
  for (uint64_t i = 0; count == 0 || i < count; ++i) {
    const std::string letters(i * 37 % 1500, static_cast<char>('a' + i % 26));
    OrDie(sender.Send(absl::StrCat(name, " ", i, " ", letters), kPatience));
    Print(absl::StrCat(i));
  }
  if (last == "finish") OrDie(sender.Send("end", kPatience));
  if (last == "hold") {
    ipmpsc::Loan loan = OrDie(sender.Claim(100, kPatience));
    std::memset(loan.payload().data(), '!', 50);
    Print("held");
    sleep(60);
    return 1;  // Nobody has killed it.
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  uint64_t count = 0;
  if (role == "receive" && argc == 3) return Receive(argv[2]);
  if (role == "send" && (argc == 5 || argc == 6) && absl::SimpleAtoi(argv[4], &count)) {
    return Send(argv[2], argv[3], count, argc == 6 ? argv[5] : "");
  }
  std::cerr << "usage: matrix.sh says how to call a peer" << std::endl;
  return 2;
}
