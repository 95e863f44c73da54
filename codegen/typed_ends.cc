#include "codegen/typed_ends.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codegen/file_description.h"
#include "codegen/fingerprint.h"
#include "codegen/literals.h"
#include "codegen/message_plan.h"
#include "codegen/names.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/printer.h"
#include "ipmpsc/channel.pb.h"

namespace ipmpsc::codegen {

using google::protobuf::Descriptor;
using google::protobuf::io::Printer;

void PrintTypedEnds(const MessagePlan& plan, Printer* printer) {
  const Descriptor& message = *plan.message;
  const ChannelDeclaration& declared = message.options().GetExtension(channel);
  const std::map<std::string, std::string> variables = {
      {"full_name", std::string(message.full_name())},
      {"message", plan.type},
      {"view", plan.view},
      {"channel", plan.channel},
      {"sender", plan.sender},
      {"receiver", plan.receiver},
      {"lease", plan.lease},
      {"loan", plan.loan},
      {"writer", plan.writer},
      {"file", FileDescriptionName(*message.file())},
      {"fingerprint", absl::StrFormat("0x%016x", Fingerprint(message))},
      {"name", StringLiterals(declared.name(), std::string::npos)[0]},
      {"capacity", absl::StrCat(declared.capacity())},
      {"max_senders", absl::StrCat(declared.max_senders())},
      {"timestamps", declared.timestamps() ? ", /*timestamps=*/true" : ""},
  };
  printer->Print(
      variables,
      "// Channels of $full_name$\n"
      "class $channel$ : public ::ipmpsc::typed::MessageChannel<$channel$> {\n"
      " public:\n"
      "  static constexpr ::ipmpsc::schema::MessageType kType = {\n"
      "      \"$full_name$\", /*fingerprint=*/$fingerprint$u,\n"
      "      &$file$,\n"
      "      /*channel=*/$name$, /*capacity=*/$capacity$u, "
      "/*max_senders=*/$max_senders$u$timestamps$};\n"
      "};\n"
      "\n"
      "class $loan$ : public ::ipmpsc::typed::MessageLoan<$writer$, $channel$> {\n"
      " public:\n"
      "  using Base::Base;\n"
      "};\n"
      "\n"
      "class $lease$ : public ::ipmpsc::typed::MessageLease<$view$> {\n"
      " public:\n"
      "  using Base::Base;\n"
      "};\n"
      "\n"
      "class $sender$\n"
      "    : public ::ipmpsc::typed::MessageSender<$sender$, $message$, $loan$, $channel$> {\n"
      " public:\n"
      "  using Base::Base;\n"
      "};\n"
      "\n"
      "class $receiver$\n"
      "    : public ::ipmpsc::typed::MessageReceiver<$receiver$, $lease$, $view$, $channel$> {\n"
      " public:\n"
      "  using Base::Base;\n"
      "};\n"
      "\n");
}

}  // namespace ipmpsc::codegen
