#include "codegen/macros.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "codegen/names.h"
#include "codegen/service_plan.h"
#include "google/protobuf/compiler/cpp/names.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

namespace cpp = google::protobuf::compiler::cpp;
using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

namespace {

// Whether `name` is a macro with lower-case letters in the headers of gcc, glibc or Linux, and
// could also be the name of a field or a package.
bool IsKnownMacro(absl::string_view name) {
  static const auto* const kMacros = new absl::flat_hash_set<absl::string_view>{
      "alloca",     "assert",       "atomic_init", "bool",      "complex",   "d_fileno",
      "errno",      "fpclassify",   "h_addr",      "h_errno",   "howmany",   "i386",
      "imaginary",  "isfinite",     "isgreater",   "isinf",     "isless",    "isnan",
      "isnormal",   "isunordered",  "isset",       "linux",     "major",     "makedev",
      "minor",      "offsetof",     "powerof2",    "roundup",   "s6_addr",   "s_addr",
      "sa_handler", "sa_sigaction", "setbit",      "si_addr",   "si_band",   "si_fd",
      "si_int",     "si_overrun",   "si_pid",      "si_ptr",    "si_status", "si_stime",
      "si_timerid", "si_uid",       "si_utime",    "si_value",  "sigmask",   "signbit",
      "sigcontext", "st_atime",     "st_ctime",    "st_mtime",  "stderr",    "stdin",
      "stdout",     "strdupa",      "strndupa",    "unix",      "va_arg",    "va_copy",
      "va_end",     "va_start",     "w_coredump",  "w_retcode", "w_stopsig", "w_termsig",
  };
  return kMacros->contains(name);
}

void Take(const std::string& name, std::set<std::string>* macros) {
  if (IsKnownMacro(name) || std::none_of(name.begin(), name.end(), absl::ascii_islower)) {
    macros->insert(name);
  }
}

void TakePackage(const FileDescriptor& file, std::set<std::string>* macros) {
  for (const std::string& part : NamespaceParts(file)) Take(part, macros);
}

}  // namespace

std::vector<std::string> PossibleMacros(const FileDescriptor& file) {
  std::set<std::string> macros;
  TakePackage(file, &macros);
  for (const EnumDescriptor* enum_type : EnumsOf(file)) Take(cpp::ClassName(enum_type), &macros);
  for (const Descriptor* message : MessagesOf(file)) {
    Take(cpp::ClassName(message), &macros);
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor& field = *message->field(i);
      Take(cpp::FieldName(&field), &macros);
      if (field.message_type() != nullptr) TakePackage(*field.message_type()->file(), &macros);
      if (field.enum_type() == nullptr) continue;
      TakePackage(*field.enum_type()->file(), &macros);
      Take(cpp::ClassName(field.enum_type()), &macros);
    }
  }
  for (int i = 0; i < file.service_count(); ++i) {
    const google::protobuf::ServiceDescriptor& service = *file.service(i);
    if (!TravelsOverChannels(service)) continue;
    for (int j = 0; j < service.method_count(); ++j) {
      const google::protobuf::MethodDescriptor& method = *service.method(j);
      Take(std::string(method.name()), &macros);
      for (const Descriptor* message : {method.input_type(), method.output_type()}) {
        TakePackage(*message->file(), &macros);
        Take(cpp::ClassName(message), &macros);
      }
    }
  }
  return {macros.begin(), macros.end()};
}

}  // namespace ipmpsc::codegen
