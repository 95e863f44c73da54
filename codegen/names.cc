#include "codegen/names.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "codegen/keywords.h"
#include "google/protobuf/compiler/cpp/names.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace ipmpsc::codegen {

namespace cpp = google::protobuf::compiler::cpp;
using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::OneofDescriptor;

namespace {

// Converts "theDevice" and "the_device" to "TheDevice", as protobuf does.
std::string CamelCase(const std::string& name) {
  std::string result;
  bool upper = true;
  for (const char c : name) {
    if (absl::ascii_isalpha(c)) {
      result += upper ? absl::ascii_toupper(c) : c;
      upper = false;
    } else {
      if (absl::ascii_isdigit(c)) result += c;
      upper = true;
    }
  }
  return result;
}

template <typename Visit>
void VisitMessages(const Descriptor& message, const Visit& visit) {
  for (int i = 0; i < message.nested_type_count(); ++i)
    VisitMessages(*message.nested_type(i), visit);
  visit(message);
}

template <typename Visit>
void VisitMessages(const FileDescriptor& file, const Visit& visit) {
  for (int i = 0; i < file.message_type_count(); ++i) VisitMessages(*file.message_type(i), visit);
}

// Takes the names that protobuf declares in the namespace of `package` for `file` and its imports.
void TakeFileNames(const FileDescriptor& file, const std::string& package,
                   std::set<const FileDescriptor*>* seen, NameScope* scope) {
  if (!seen->insert(&file).second) return;
  if (file.package() == package) {
    VisitMessages(file, [&](const Descriptor& message) { scope->Take(cpp::ClassName(&message)); });
    for (const EnumDescriptor* enum_type : EnumsOf(file)) scope->Take(cpp::ClassName(enum_type));
    for (int i = 0; i < file.enum_type_count(); ++i) {
      for (int j = 0; j < file.enum_type(i)->value_count(); ++j) {
        scope->Take(cpp::EnumValueName(file.enum_type(i)->value(j)));
      }
    }
    VisitMessages(file, [&](const Descriptor& message) {
      for (int i = 0; i < message.enum_type_count(); ++i) {
        const EnumDescriptor& enum_type = *message.enum_type(i);
        for (int j = 0; j < enum_type.value_count(); ++j) {
          scope->Take(absl::StrCat(cpp::ClassName(&enum_type), "_", enum_type.value(j)->name()));
        }
      }
    });
    for (int i = 0; i < file.extension_count(); ++i)
      scope->Take(std::string(file.extension(i)->name()));
    for (int i = 0; i < file.service_count(); ++i)
      scope->Take(std::string(file.service(i)->name()));
  }
  for (int i = 0; i < file.dependency_count(); ++i)
    TakeFileNames(*file.dependency(i), package, seen, scope);
}

std::string QualifiedNamespace(const FileDescriptor& file) {
  return absl::StrCat("::", absl::StrJoin(NamespaceParts(file), "::"),
                      file.package().empty() ? "" : "::");
}

void TakeMessageInOrder(const Descriptor& message, std::set<const Descriptor*>* seen,
                        std::vector<const Descriptor*>* order) {
  if (!seen->insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const Descriptor* const type = message.field(i)->message_type();
    if (type != nullptr && type->file() == message.file()) TakeMessageInOrder(*type, seen, order);
  }
  order->push_back(&message);
}

void TakeEnums(const Descriptor& message, std::vector<const EnumDescriptor*>* enums) {
  for (int i = 0; i < message.enum_type_count(); ++i) enums->push_back(message.enum_type(i));
}

}  // namespace

std::string NameScope::TakeFree(std::string name) {
  while (!Take(name)) name += "_";
  return name;
}

std::string HeaderStem(const FileDescriptor& file) { return cpp::StripProto(file.name()); }

std::string HeaderName(absl::string_view stem, HeaderKind kind) {
  switch (kind) {
    case HeaderKind::kForward:
      return absl::StrCat(stem, ".ipmpsc.fwd.h");
    case HeaderKind::kViews:
      return absl::StrCat(stem, ".ipmpsc.views.h");
    case HeaderKind::kWhole:
      break;
  }
  return absl::StrCat(stem, ".ipmpsc.h");
}

std::string IncludeGuard(absl::string_view symbol, HeaderKind kind) {
  switch (kind) {
    case HeaderKind::kForward:
      return absl::StrCat("IPMPSC_INCLUDED_", symbol, "_FORWARD");
    case HeaderKind::kViews:
      return absl::StrCat("IPMPSC_INCLUDED_", symbol, "_VIEWS");
    case HeaderKind::kWhole:
      break;
  }
  return absl::StrCat("IPMPSC_INCLUDED_", symbol);
}

std::string PackageNamespace(const FileDescriptor& file) {
  return absl::StrJoin(NamespaceParts(file), "::");
}

std::string FileNamespace(const FileDescriptor& file) {
  std::vector<std::string> parts = NamespaceParts(file);
  if (!parts.empty()) parts.pop_back();
  parts.push_back(absl::StrCat("in_", FileSymbol(file)));
  return absl::StrJoin(parts, "::");
}

std::string FileSymbol(const FileDescriptor& file) {
  std::string symbol;
  for (const char c : file.name()) {
    if (absl::ascii_isalpha(c) || (absl::ascii_isdigit(c) && !symbol.empty())) {
      symbol += c;
    } else {
      absl::StrAppendFormat(&symbol, "_%02x", static_cast<unsigned char>(c));
    }
  }
  return symbol;
}

std::vector<std::string> NamespaceParts(const FileDescriptor& file) {
  std::vector<std::string> parts = absl::StrSplit(file.package(), '.', absl::SkipEmpty());
  for (std::string& part : parts) part = ResolveKeyword(part);
  return parts;
}

std::string QualifiedMessageName(const Descriptor& message) {
  return QualifiedNamespace(*message.file()) + cpp::ClassName(&message);
}

std::string QualifiedEnumName(const EnumDescriptor& enum_type) {
  return QualifiedNamespace(*enum_type.file()) + cpp::ClassName(&enum_type);
}

std::string FlatName(const Descriptor& message) {
  if (message.containing_type() == nullptr) return std::string(message.name());
  return absl::StrCat(FlatName(*message.containing_type()), "_", message.name());
}

std::string FlatName(const EnumDescriptor& enum_type) {
  if (enum_type.containing_type() == nullptr) return std::string(enum_type.name());
  return absl::StrCat(FlatName(*enum_type.containing_type()), "_", enum_type.name());
}

std::string GeneratedNames::Name(const Descriptor& message, absl::string_view suffix) {
  std::string name = FlatName(message);
  // protobuf gives the class of a map's entry another name, so a message may have this one.
  if (message.options().map_entry()) name = FreeName(*message.file(), name);
  return FreeName(*message.file(), absl::StrCat(name, suffix));
}

std::string GeneratedNames::Name(const EnumDescriptor& enum_type, absl::string_view suffix) {
  return FreeName(*enum_type.file(), absl::StrCat(FlatName(enum_type), suffix));
}

std::string GeneratedNames::Name(const google::protobuf::ServiceDescriptor& service,
                                 absl::string_view suffix) {
  return FreeName(*service.file(), absl::StrCat(service.name(), suffix));
}

std::string GeneratedNames::FreeName(const FileDescriptor& file, std::string name) {
  const auto [scope, is_new] = scopes_.try_emplace(&file);
  if (is_new) {
    std::set<const FileDescriptor*> seen;
    TakeFileNames(file, std::string(file.package()), &seen, &scope->second);
  }
  while (scope->second.Contains(name)) name += "_";
  return name;
}

std::string GeneratedNames::QualifiedName(const Descriptor& message, absl::string_view suffix) {
  return absl::StrCat("::", FileNamespace(*message.file()), "::", Name(message, suffix));
}

std::string OneofCaseName(const OneofDescriptor& oneof) {
  return CamelCase(std::string(oneof.name())) + "Case";
}

std::string OneofNotSetName(const OneofDescriptor& oneof) {
  return absl::AsciiStrToUpper(oneof.name()) + "_NOT_SET";
}

std::vector<const Descriptor*> MessagesOf(const FileDescriptor& file) {
  std::set<const Descriptor*> seen;
  std::vector<const Descriptor*> order;
  VisitMessages(file,
                [&](const Descriptor& message) { TakeMessageInOrder(message, &seen, &order); });
  return order;
}

std::vector<const EnumDescriptor*> EnumsOf(const FileDescriptor& file) {
  std::vector<const EnumDescriptor*> enums;
  for (int i = 0; i < file.enum_type_count(); ++i) enums.push_back(file.enum_type(i));
  VisitMessages(file, [&](const Descriptor& message) { TakeEnums(message, &enums); });
  return enums;
}

}  // namespace ipmpsc::codegen
