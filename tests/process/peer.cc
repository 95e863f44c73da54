// A process that executes the commands of a test (tests/testing/process/peer.h): peer SOCKET_FD
// BOARD_FD. The commands and their replies:
//
//   create PATH CAPACITY MAX_SENDERS fail|open|replace
//       the channel's id, then its capacity
//   open PATH | open_fd FD | open_when_there PATH
//       as create
//   state | close
//       0 open, 1 closed, 2 replaced, 3 unlinked
//   attach_sender [PATIENCE_MS]
//       the slot
//   send STREAM NUMBER SIZE TIMEOUT_MS | try_send STREAM NUMBER SIZE
//   claim SIZE TIMEOUT_MS
//       the position
//   publish STREAM NUMBER SIZE | drop_loan
//       fills it first
//   flood STREAM COUNT LEAST MOST PACE CELL SLOTS
//       pace 1: lets the receiver sleep, 2: sleeps; the cell counts the committed messages; cell
//       SLOTS + slot: STREAM + 1
//   attach_receiver [WAIT_MS [end_without_senders]] | detach_receiver
//   receive TIMEOUT_MS
//       position, slot, size, and stream and number, checked
//   release INDEX | release_all
//       of the leases held, in the order they were received
//   collect COUNT SLOTS LET_SLEEP
//       receives the messages of floods and checks all of them
//   await CELL VALUE
//       until the cell has at least that value
//   cpu
//       the processor time used, in microseconds
//   fork_idle
//       forks a child that lives as long as the test; its pid
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/process/collector.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/flood.h"
#include "tests/testing/process/message.h"
#include "tests/testing/process/reply.h"

namespace ipmpsc::testing {
namespace {

Reply ReplyOf(const absl::Status& status, std::vector<uint64_t> numbers = {}) {
  return {status.code(), std::string(status.message()), std::move(numbers)};
}

ExistPolicy PolicyOf(const std::string& word) {
  if (word == "open") return ExistPolicy::kOpen;
  return word == "replace" ? ExistPolicy::kReplace : ExistPolicy::kFail;
}

class Program {
 public:
  Program(int socket, int board_fd) : socket_(socket), board_(board_fd) {}

  int Run() {
    for (;;) {
      const std::string command = ReadPacket(socket_, absl::Hours(1));
      // The test has ended.
      if (command.empty()) return 0;
      WritePacket(socket_, EncodeReply(Do(command)));
    }
  }

 private:
  Reply Do(const std::string& command) {
    words_ = absl::StrSplit(command, ' ');
    const auto found = Commands().find(words_[0]);
    if (found == Commands().end()) {
      return ReplyOf(absl::UnimplementedError(absl::StrCat("no such command: ", command)));
    }
    return found->second(this);
  }

  static const std::map<std::string, std::function<Reply(Program*)>>& Commands() {
    static const auto* const commands = new std::map<std::string, std::function<Reply(Program*)>>{
        {"create", &Program::Create},
        {"open", &Program::Open},
        {"open_fd", &Program::OpenFd},
        {"open_when_there", &Program::OpenWhenThere},
        {"state", &Program::State},
        {"close", &Program::Close},
        {"attach_sender", &Program::AttachASender},
        {"send", &Program::Send},
        {"try_send", &Program::TrySend},
        {"claim", &Program::Claim},
        {"publish", &Program::Publish},
        {"drop_loan", &Program::DropLoan},
        {"flood", &Program::DoFlood},
        {"attach_receiver", &Program::AttachReceiver},
        {"detach_receiver", &Program::DetachReceiver},
        {"receive", &Program::Receive},
        {"release", &Program::Release},
        {"release_all", &Program::ReleaseAll},
        {"collect", &Program::DoCollect},
        {"await", &Program::AwaitCell},
        {"cpu", &Program::Cpu},
        {"fork_idle", &Program::ForkIdle},
    };
    return *commands;
  }

  uint64_t Number(size_t word) const {
    uint64_t number = 0;
    if (word < words_.size()) (void)absl::SimpleAtoi(words_[word], &number);
    return number;
  }
  absl::Duration Milliseconds(size_t word) const {
    return absl::Milliseconds(static_cast<int64_t>(Number(word)));
  }
  MessageIdentity Identity() const { return {Number(1), Number(2)}; }

  Reply Have(absl::StatusOr<Channel> channel) {
    if (!channel.ok()) return ReplyOf(channel.status());
    channel_ = *std::move(channel);
    return {absl::StatusCode::kOk, channel_->id(), {channel_->capacity()}};
  }
  Reply Create() {
    ChannelOptions options;
    options.capacity = Number(2);
    options.max_senders = static_cast<uint32_t>(Number(3));
    options.exist_policy = PolicyOf(words_[4]);
    options.description = "made by a peer";
    return Have(Channel::Create(words_[1], options));
  }
  Reply Open() { return Have(Channel::Open(words_[1])); }
  Reply OpenFd() { return Have(Channel::OpenFd(static_cast<int>(Number(1)))); }
  Reply OpenWhenThere() {
    absl::StatusOr<Channel> channel = Channel::Open(words_[1], {kPatience});
    if (channel.ok() && channel->description() != "made by a peer") {
      return ReplyOf(absl::DataLossError("a channel that was opened before it was complete"));
    }
    return Have(std::move(channel));
  }
  Reply State() { return {absl::StatusCode::kOk, "", {static_cast<uint64_t>(channel_->state())}}; }
  Reply Close() {
    channel_->Close();
    return {};
  }

  Reply AttachASender() {
    absl::StatusOr<Sender> sender = AttachSender(*channel_, Milliseconds(1));
    if (!sender.ok()) return ReplyOf(sender.status());
    sender_.emplace(*std::move(sender));
    return {absl::StatusCode::kOk, "", {sender_->slot()}};
  }
  Reply Send() {
    return ReplyOf(sender_->Send(MessageBytes(Identity(), Number(3)), Milliseconds(4)));
  }
  Reply TrySend() { return ReplyOf(sender_->TrySend(MessageBytes(Identity(), Number(3)))); }
  Reply Claim() {
    absl::StatusOr<Loan> loan = sender_->Claim(Number(1), Milliseconds(2));
    if (!loan.ok()) return ReplyOf(loan.status());
    loan_.emplace(*std::move(loan));
    return {absl::StatusCode::kOk, "", {loan_->position()}};
  }
  Reply Publish() {
    FillMessage(Identity(), loan_->payload().subspan(0, Number(3)));
    std::move(*loan_).Publish(Number(3));
    loan_.reset();
    return {};
  }
  Reply DropLoan() {
    loan_.reset();
    return {};
  }
  Reply DoFlood() {
    FloodPlan plan;
    plan.stream = Number(1);
    plan.count = Number(2);
    plan.least_size = Number(3);
    plan.most_size = Number(4);
    plan.let_receiver_sleep = Number(5) == 1;
    plan.never_polls = Number(5) == 2;
    board_[Number(7) + sender_->slot()].store(plan.stream + 1);
    return ReplyOf(Flood(&*sender_, plan, &board_[Number(6)]));
  }

  Reply AttachReceiver() {
    ReceiverOptions options;
    options.deadline = Milliseconds(1);
    options.end_without_senders = words_.size() > 2 && words_[2] == "end_without_senders";
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel_, options);
    if (!receiver.ok()) return ReplyOf(receiver.status());
    receiver_.emplace(*std::move(receiver));
    return {};
  }
  Reply DetachReceiver() {
    leases_.clear();
    receiver_.reset();
    return {};
  }
  Reply Receive() {
    absl::StatusOr<Lease> lease = receiver_->Receive(Milliseconds(1));
    if (!lease.ok()) return ReplyOf(lease.status());
    const absl::string_view payload = lease->payload();
    std::vector<uint64_t> numbers = {lease->position(), lease->sender(), payload.size()};
    if (payload.size() >= kIdentitySize) {
      const MessageIdentity identity = IdentityOf(payload);
      const std::string wrong = CheckMessage(identity, payload);
      if (!wrong.empty()) return ReplyOf(absl::DataLossError(wrong));
      numbers.insert(numbers.end(), {identity.stream, identity.number});
    }
    leases_.push_back(*std::move(lease));
    return {absl::StatusCode::kOk, "", std::move(numbers)};
  }
  Reply Release() {
    std::move(leases_[Number(1)]).Release();
    return {};
  }
  Reply ReleaseAll() {
    leases_.clear();
    return {};
  }
  Reply DoCollect() {
    const auto stream_of = [&](uint16_t slot) { return board_[Number(2) + slot].load() - 1; };
    Collector collector(&*receiver_, stream_of, /*let_senders_sleep=*/Number(3) != 0);
    const std::string wrong = collector.Collect(Number(1));
    return {wrong.empty() ? absl::StatusCode::kOk : absl::StatusCode::kDataLoss,
            wrong,
            {collector.received()}};
  }

  Reply AwaitCell() {
    const std::atomic<uint64_t>& cell = board_[Number(1)];
    // Does not sleep, so that several processes begin the next command at the same moment.
    const uint64_t value = Number(2);
    while (cell.load() < value) sched_yield();
    return {};
  }
  Reply Cpu() {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    const auto microseconds = [](const timeval& time) {
      return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
    };
    return {
        absl::StatusCode::kOk, "", {microseconds(usage.ru_utime) + microseconds(usage.ru_stime)}};
  }
  Reply ForkIdle() {
    int began[2];
    if (pipe(began) != 0) return ReplyOf(absl::ResourceExhaustedError("pipe"));
    const pid_t pid = fork();
    if (pid == 0) {
      (void)!write(began[1], "x", 1);
      // Lives until the test's end of the socket closes. The parent reads the packets.
      pollfd closed = {socket_, 0, 0};
      poll(&closed, 1, -1);
      _exit(0);
    }
    // Only then have the child's fork handlers run.
    char byte;
    (void)!read(began[0], &byte, 1);
    close(began[0]);
    close(began[1]);
    return {absl::StatusCode::kOk, "", {static_cast<uint64_t>(pid)}};
  }

  const int socket_;
  const Board board_;
  std::vector<std::string> words_;
  std::optional<Channel> channel_;
  std::optional<Sender> sender_;
  std::optional<Loan> loan_;
  std::optional<Receiver> receiver_;
  std::vector<Lease> leases_;
};

}  // namespace
}  // namespace ipmpsc::testing

int main(int count, char** arguments) {
  int socket = -1;
  int board = -1;
  if (count != 3 || !absl::SimpleAtoi(arguments[1], &socket) ||
      !absl::SimpleAtoi(arguments[2], &board)) {
    return 2;
  }
  return ipmpsc::testing::Program(socket, board).Run();
}
