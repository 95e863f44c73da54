// The server that the tests call.
#ifndef TESTS_RPC_ORACLE_H_
#define TESTS_RPC_ORACLE_H_

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/rpc/oracle.ipmpsc.h"
#include "tests/rpc/oracle.pb.h"

namespace ipmpsc_test::rpc {

class TestOracle : public OracleHandler {
 public:
  absl::Status Ask(const QuestionView& question, AskReplyTo& reply) override {
    ++asked;
    if (on_ask) on_ask(question);
    aligned = aligned && reinterpret_cast<uintptr_t>(question.data().data()) % 64 == 0;
    return reply.Write(question.data().size() + question.text().size() + 200,
                       [&question](AnswerWriter& answer) {
                         answer.set_number(question.number());
                         answer.set_text(question.text());
                         if (!question.data().empty()) answer.set_data(question.data());
                       });
  }

  absl::Status Count(const QuestionView& question, CountReplyTo& reply) override {
    Answer answer;
    answer.set_data(std::string(question.data()));
    for (uint32_t i = 0; i < question.number(); ++i) {
      if (on_count) on_count(i);
      answer.set_number(i);
      stream_status = reply.Send(answer);
      if (!stream_status.ok()) return stream_status;
      ++counted;
    }
    if (question.text().empty()) return absl::OkStatus();
    return absl::DataLossError(std::string(question.text()));
  }

  absl::Status Fail(const QuestionView& question, FailReplyTo&) override {
    return absl::Status(static_cast<absl::StatusCode>(question.number()),
                        std::string(question.text()));
  }

  absl::Status Later(const QuestionView& question, LaterReplyTo& reply) override {
    std::optional<LaterReplyTo> earlier = std::move(deferred);
    // The view stays as long as the deferred call.
    const QuestionView* const earlier_question = deferred_question;
    deferred.emplace(reply.Defer());
    deferred_question = &question;
    if (!earlier.has_value()) return absl::OkStatus();
    return earlier->Write(1000, [earlier_question](AnswerWriter& answer) {
      answer.set_text(earlier_question->text());
    });
  }

  std::function<void(const QuestionView&)> on_ask;
  std::function<void(uint32_t)> on_count;
  std::atomic<int> asked{0};
  std::atomic<int> counted{0};
  absl::Status stream_status;
  bool aligned = true;
  std::optional<LaterReplyTo> deferred;
  const QuestionView* deferred_question = nullptr;
};

}  // namespace ipmpsc_test::rpc

#endif  // TESTS_RPC_ORACLE_H_
