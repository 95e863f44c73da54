#include "codegen/typed_ends.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "codegen/comments.h"
#include "codegen/file_plan.h"
#include "codegen/literals.h"
#include "codegen/message_plan.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/printer.h"
#include "ipmpsc/channel.pb.h"

namespace ipmpsc::codegen {

using google::protobuf::Descriptor;
using google::protobuf::io::Printer;

namespace {

const char* OnFullName(ChannelDeclaration::OnFull value) {
  return value == ChannelDeclaration::DROP_NEWEST ? "kDropNewest" : "kWait";
}

const char* ExistPolicyName(ChannelDeclaration::ExistPolicy value) {
  switch (value) {
    case ChannelDeclaration::OPEN:
      return "kOpen";
    case ChannelDeclaration::REPLACE:
      return "kReplace";
    case ChannelDeclaration::OPEN_OR_REPLACE:
      return "kOpenOrReplace";
    default:
      return "kFail";
  }
}

// Returns the members of the message type from `timestamps` on. Leaves those out at the end that
// have their default.
std::string Behavior(const ChannelDeclaration& declared) {
  std::string text;
  std::string defaults;  // not printed yet
  const auto add = [&](bool is_default, absl::string_view member) {
    absl::StrAppend(&defaults, ",", member);
    if (is_default) return;
    absl::StrAppend(&text, defaults);
    defaults.clear();
  };
  add(!declared.timestamps(),
      declared.timestamps() ? " /*timestamps=*/true" : " /*timestamps=*/false");
  add(declared.on_full() == ChannelDeclaration::WAIT,
      absl::StrCat("\n      ::ipmpsc::OnFull::", OnFullName(declared.on_full())));
  add(declared.exist_policy() == ChannelDeclaration::FAIL,
      absl::StrCat(" ::ipmpsc::ExistPolicy::", ExistPolicyName(declared.exist_policy())));
  add(declared.mode() == 0, absl::StrFormat(" /*mode=*/%#o", declared.mode()));
  return text;
}

}  // namespace

void PrintTypedEnds(const FilePlan& file, const MessagePlan& plan, Printer* printer) {
  const Descriptor& message = *plan.message;
  const ChannelDeclaration& declared = message.options().GetExtension(channel);
  const std::string type = absl::StrFormat("message `%s`", message.full_name());
  const std::map<std::string, std::string> variables = {
      {"full_name", std::string(message.full_name())},
      {"message", plan.type},
      {"view", plan.view},
      {"channel", plan.channel},
      {"sender", plan.sender},
      {"receiver", plan.receiver},
      {"tap", plan.tap},
      {"lease", plan.lease},
      {"loan", plan.loan},
      {"writer", plan.writer},
      {"file", file.symbol},
      {"fingerprint", absl::StrFormat("0x%016x", plan.fingerprint)},
      {"name", StringLiterals(declared.name(), std::string::npos)[0]},
      {"capacity", absl::StrCat(declared.capacity())},
      {"max_senders", absl::StrCat(declared.max_senders())},
      {"behavior", Behavior(declared)},
  };
  PrintDocumentation(absl::StrCat("Creates and opens channels of ", type, "."), 0, printer);
  printer->Print(variables, R"(class $channel$ : public ::ipmpsc::typed::MessageChannel<$channel$> {
 public:
  /// The message type, and the channel that its .proto file declares.
  static constexpr ::ipmpsc::schema::MessageType kType = {
      "$full_name$", /*fingerprint=*/$fingerprint$u,
      &::ipmpsc::schema::files::$file$,
      /*channel=*/$name$, /*capacity=*/$capacity$u, /*max_senders=*/$max_senders$u$behavior$};
};

)");
  const auto print_class = [&](const std::string& summary, const char* declaration) {
    PrintDocumentation(summary, 0, printer);
    printer->Print(variables, declaration);
    printer->Print(R"( public:
  using Base::Base;
};

)");
  };
  print_class(absl::StrCat("A ", type, " that is written in place into the ring."),
              "class $loan$ : public ::ipmpsc::typed::MessageLoan<$writer$, $channel$> {\n");
  print_class(absl::StrCat("A received ", type, ", read in place in the ring."),
              "class $lease$ : public ::ipmpsc::typed::MessageLease<$view$> {\n");
  print_class(absl::StrCat("Sends ", type, "."), R"(class $sender$
    : public ::ipmpsc::typed::MessageSender<$sender$, $message$, $loan$, $channel$> {
)");
  print_class(absl::StrCat("Receives ", type, "."), R"(class $receiver$
    : public ::ipmpsc::typed::MessageReceiver<$receiver$, $lease$, $view$, $channel$> {
)");
  PrintDocumentation(absl::StrCat("Reads ", type, " beside its receiver, without taking part."), 0,
                     printer);
  printer->Print(variables, "using $tap$ = ::ipmpsc::typed::MessageTap<$view$, $channel$>;\n\n");
}

}  // namespace ipmpsc::codegen
