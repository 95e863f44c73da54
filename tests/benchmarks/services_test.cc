// Tests that each service of the comparison is measured, and that a wrong reply is noticed.
#include "benchmarks/services/services.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/measurement/quantiles.h"
#include "benchmarks/measurement/service_calls.h"
#include "benchmarks/services/ipmpsc_service.h"
#include "benchmarks/services/service.h"
#include "benchmarks/transport.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::benchmarks {
namespace {

using ::ipmpsc::testing::StatusIs;

constexpr absl::Duration kTime = absl::Milliseconds(20);

// Bazel does not run cargo. `--test_env=RUST_PEERS=PATH` names the library that cargo built.
std::string RustPeers() {
  const char* path = std::getenv("RUST_PEERS");
  return path == nullptr ? "" : path;
}

class ServicesTest : public ::testing::TestWithParam<ServiceKind> {
 protected:
  // Prints the reason of a skip.
  void SetUp() override {
    if (!GetParam().unavailable.empty()) GTEST_SKIP() << GetParam().unavailable;
  }
};

TEST_P(ServicesTest, MeasuresCalls) {
  for (const Waiting waiting : {Waiting::kSpin, Waiting::kSleep}) {
    for (const size_t reply_bytes : {size_t{64}, size_t{4} << 20}) {
      SCOPED_TRACE(absl::StrCat(reply_bytes, " bytes, waiting ", static_cast<int>(waiting)));
      const absl::StatusOr<Quantiles> quantiles =
          MeasureCalls(GetParam(), {kTime, waiting, 64, reply_bytes});
      ASSERT_OK(quantiles.status());
      EXPECT_GT(quantiles->p50, 0);
      EXPECT_GE(quantiles->p99, quantiles->p50);
    }
  }
}

TEST_P(ServicesTest, MeasuresStreams) {
  const absl::StatusOr<double> rate = MeasureStream(GetParam(), {kTime, Waiting::kFastest, 64, 64});
  ASSERT_OK(rate.status());
  EXPECT_GT(*rate, 0);
}

INSTANTIATE_TEST_SUITE_P(Systems, ServicesTest, ::testing::ValuesIn(Services(RustPeers())),
                         [](const auto& info) { return info.param.name; });

// Passes what its client receives through `change`.
struct Changed : Service {
  using Change = void (*)(std::string* reply, int count, absl::FunctionRef<void()> again);

  struct Client : ServiceClientEnd {
    Client(std::unique_ptr<ServiceClientEnd> client, Change change_replies)
        : end(std::move(client)), change(change_replies) {}
    absl::Status Call(absl::string_view request,
                      absl::FunctionRef<void(absl::string_view)> handler) override {
      return end->Call(request, [&](absl::string_view bytes) {
        std::string reply(bytes);
        change(&reply, count++, [&] { handler(bytes); });
        handler(reply);
      });
    }
    const std::unique_ptr<ServiceClientEnd> end;
    const Change change;
    int count = 0;
  };

  absl::StatusOr<std::unique_ptr<ServiceServerEnd>> AttachServer() override {
    return service->AttachServer();
  }
  absl::StatusOr<std::unique_ptr<ServiceClientEnd>> AttachClient() override {
    auto end = service->AttachClient();
    if (!end.ok()) return end.status();
    return std::make_unique<Client>(*std::move(end), change);
  }

  std::unique_ptr<Service> service;
  Change change = nullptr;
};

TEST(ServiceCallsTest, WrongRepliesAreNoticed) {
  constexpr Changed::Change kChanges[] = {
      // Torn, shorter, an earlier one, one too many.
      [](std::string* reply, int count, absl::FunctionRef<void()>) {
        if (count == 5) reply->back() ^= 1;
      },
      [](std::string* reply, int count, absl::FunctionRef<void()>) {
        if (count == 5) reply->pop_back();
      },
      [](std::string* reply, int count, absl::FunctionRef<void()>) {
        if (count == 5) --(*reply)[0];
      },
      [](std::string*, int count, absl::FunctionRef<void()> again) {
        if (count == 5) again();
      },
  };
  for (const Changed::Change change : kChanges) {
    ServiceKind kind = IpmpscService();
    kind.create = [create = kind.create,
                   change](const ServiceSpec& spec) -> absl::StatusOr<std::unique_ptr<Service>> {
      auto changed = std::make_unique<Changed>();
      changed->service = *create(spec);
      changed->change = change;
      return changed;
    };
    EXPECT_THAT(MeasureCalls(kind, {kTime, Waiting::kSpin, 64, 64}),
                StatusIs(absl::StatusCode::kDataLoss));
  }
}

}  // namespace
}  // namespace ipmpsc::benchmarks
