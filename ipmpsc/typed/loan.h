// MessageLoan: a message that is written in place into the ring. Base of the generated classes:
//
//   absl::StatusOr<FrameLoan> frame = sender.Claim(bound, absl::Seconds(1));
//   frame->set_width(1920);
//   read(camera, frame->mutable_pixels(size).data(), size);
//   absl::Status published = std::move(*frame).Publish();
//
// It has all setters of the message's writer, and may be handed to a function that takes one.
#ifndef IPMPSC_TYPED_LOAN_H_
#define IPMPSC_TYPED_LOAN_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/writer/message_writer.h"

namespace ipmpsc::typed {

// A base class, so that the draft is constructed before its writer and destroyed after it.
class DraftHolder {
 protected:
  explicit DraftHolder(absl::Span<char> space) : loan_draft_(space) {}

  writer::Draft loan_draft_;
};

// No record claimed after it, by any sender, is received before it is settled, so fill it quickly.
//   claimed --Publish()--> published, or discarded with an error
//      `------~MessageLoan()--> discarded
// A loan may outlive its sender. At most one thread at a time may use a sender and its loan.
template <typename Writer, typename MessageChannel>
class ABSL_MUST_USE_RESULT MessageLoan : private DraftHolder, public Writer {
 public:
  MessageLoan(MessageLoan&& other) noexcept
      : DraftHolder(std::move(other)), Writer(std::move(other)), loan_(std::move(other.loan_)) {}
  MessageLoan& operator=(MessageLoan&& other) noexcept {
    if (this != &other) {
      loan_draft_.Abandon();
      loan_draft_ = std::move(other.loan_draft_);
      Writer::operator=(std::move(other));
      loan_ = std::move(other.loan_);
    }
    return *this;
  }
  ~MessageLoan() { loan_draft_.Abandon(); }

  // Returns the record's place in the order of all records.
  uint64_t position() const { return loan_.position(); }

  // Commits the message and gives back its unused bytes, which become free when the receiver has
  // passed them. A message that its receiver would not accept is discarded. REQUIRES: the loan was
  // not published or moved from before; aborts otherwise.
  //
  // Errors: as `writer::Draft::Finish`.
  absl::Status Publish() && {
    internal::Require(this->IsOpen(),
                      "MessageLoan::Publish: the loan was already published or moved from");
    Loan loan = std::move(loan_);
    const absl::StatusOr<size_t> size = loan_draft_.Finish(MessageChannel::kType.name);
    if (!size.ok()) return size.status();
    std::move(loan).Publish(*size);
    return absl::OkStatus();
  }

  // End of public interfaces.

 protected:
  // For generated classes, which may have the same name as this template.
  using Base = MessageLoan;

 public:
  explicit MessageLoan(Loan loan)
      : DraftHolder(loan.payload()), Writer(&loan_draft_), loan_(std::move(loan)) {}

 private:
  Loan loan_;
};

}  // namespace ipmpsc::typed

#endif  // IPMPSC_TYPED_LOAN_H_
