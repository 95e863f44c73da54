#include "benchmarks/measurement/service_calls.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/measurement/channel_name.h"
#include "benchmarks/measurement/latency.h"
#include "benchmarks/measurement/processes.h"
#include "benchmarks/services/answers.h"

namespace ipmpsc::benchmarks {
namespace {

// The first calls, which do not count.
constexpr uint64_t kWarmUps = 10;

// Calls the server with request `number`, and checks all that it replies.
absl::Status CallOnce(ServiceClientEnd& end, const CallWork& work, uint64_t number,
                      uint64_t replies, std::string& request) {
  WriteRequest(&request[0], request.size(), number, replies);
  RepliesCheck check(number, work.reply_bytes);
  const absl::Status status = end.Call(
      request, [&check](absl::string_view reply) { check.Accept(reply.data(), reply.size()); });
  if (!status.ok()) return status;
  if (check.IsRight(replies)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the replies to call ", number, " are not its own"));
}

// Creates the service, and runs its server and `call`, its client.
absl::Status RunService(const ServiceKind& kind, const CallWork& work, bool streams,
                        const std::function<absl::Status(ServiceClientEnd& end)>& call) {
  auto created =
      kind.create({ChannelName(), work.request_bytes, work.reply_bytes, streams, work.waiting});
  if (!created.ok()) return created.status();
  Service& service = **created;
  return RunProcesses({{Place::kReceiver,
                        [&](StartLine& start) -> absl::Status {
                          auto end = service.AttachServer();
                          if (!end.ok()) return end.status();
                          start.Wait();
                          Answers answers(work.reply_bytes);
                          return (*end)->Serve(answers);
                        }},
                       {Place::kSender, [&](StartLine& start) -> absl::Status {
                          auto end = service.AttachClient();
                          if (!end.ok()) return end.status();
                          start.Wait();
                          absl::Status status = call(**end);
                          if (!status.ok()) return status;
                          std::string request(work.request_bytes, 'x');
                          return CallOnce(**end, work, kLastRequest, 1, request);
                        }}});
}

}  // namespace

absl::StatusOr<Quantiles> MeasureCalls(const ServiceKind& kind, const CallWork& work) {
  const SharedMemory<TimeLog> log;
  const auto call = [&](ServiceClientEnd& end) -> absl::Status {
    std::string request(work.request_bytes, 'x');
    const int64_t stop = Now() + absl::ToInt64Nanoseconds(work.time);
    for (uint64_t number = 0;; ++number) {
      int64_t begin = Now();
      if (number > kWarmUps && (begin >= stop || log->full())) return absl::OkStatus();
      if (work.waiting == Waiting::kSleep) {
        const int64_t next = begin + kTimeToFallAsleep;
        while ((begin = Now()) < next) {
        }
      }
      if (absl::Status called = CallOnce(end, work, number, 1, request); !called.ok())
        return called;
      if (number >= kWarmUps) log->Add(Now() - begin);
    }
  };
  if (absl::Status status = RunService(kind, work, /*streams=*/false, call); !status.ok())
    return status;
  return log->Compute();
}

absl::StatusOr<double> MeasureStream(const ServiceKind& kind, const CallWork& work) {
  const SharedMemory<double> rate;
  const auto call = [&](ServiceClientEnd& end) -> absl::Status {
    std::string request(work.request_bytes, 'x');
    // The first one warms up.
    if (absl::Status called = CallOnce(end, work, 0, kRepliesOfStream, request); !called.ok())
      return called;
    const int64_t begin = Now();
    const int64_t stop = begin + absl::ToInt64Nanoseconds(work.time);
    int64_t streams = 0;
    int64_t now;
    do {
      ++streams;
      absl::Status called =
          CallOnce(end, work, static_cast<uint64_t>(streams), kRepliesOfStream, request);
      if (!called.ok()) return called;
      now = Now();
    } while (now < stop);
    *rate =
        1e9 * static_cast<double>(streams * kRepliesOfStream) / static_cast<double>(now - begin);
    return absl::OkStatus();
  };
  if (absl::Status status = RunService(kind, work, /*streams=*/true, call); !status.ok())
    return status;
  return *rate;
}

}  // namespace ipmpsc::benchmarks
