// Names in C++ of the things in a .proto file: those of protobuf, and those of this plugin.
#ifndef IPMPSC_CODEGEN_NAMES_H_
#define IPMPSC_CODEGEN_NAMES_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

// The names of one scope, each given once.
class NameScope {
 public:
  bool Contains(const std::string& name) const { return names_.count(name) != 0; }
  // False if it is taken.
  bool Take(const std::string& name) { return names_.insert(name).second; }
  // Takes `name`, with as many underscores behind it as it needs to be free.
  std::string TakeFree(std::string name);

 private:
  std::set<std::string> names_;
};

// The headers of one .proto file; each includes those before it.
enum class HeaderKind {
  kForward,  // "camera/frame.ipmpsc.fwd.h": declares the classes
  kViews,    // "camera/frame.ipmpsc.views.h": views and constants
  kWhole,    // "camera/frame.ipmpsc.h": everything
};
std::string HeaderName(const google::protobuf::FileDescriptor& file, HeaderKind kind);

// "IPMPSC_INCLUDED_camera_2fframe_2eproto".
std::string IncludeGuard(const google::protobuf::FileDescriptor& file, HeaderKind kind);

// "foo::bar" for package foo.bar; empty without a package.
std::string PackageNamespace(const google::protobuf::FileDescriptor& file);

// "in_camera_2fframe_2eproto": the namespace of the classes that are generated for the file. It lies beside
// that of the package, in the same namespace around both: "foo::in_camera_2fframe_2eproto".
//
// A using-directive in the package's namespace makes the classes known there. C++ takes names that are
// known by such a directive for members of the namespace around both, so a name that protobuf declares in
// the package, in whatever file, hides the generated one and is never ambiguous with it.
std::string FileNamespace(const google::protobuf::FileDescriptor& file);
std::string QualifiedFileNamespace(const google::protobuf::FileDescriptor& file);

// A name for the file that no other file has: "camera_2fframe_2eproto".
std::string FileSymbol(const google::protobuf::FileDescriptor& file);

// {"foo", "bar"} for package foo.bar.
std::vector<std::string> NamespaceParts(const google::protobuf::FileDescriptor& file);

// "::foo::bar::Outer_Inner": the class, or enum, that protobuf generates.
std::string QualifiedMessageName(const google::protobuf::Descriptor& message);
std::string QualifiedEnumName(const google::protobuf::EnumDescriptor& enum_type);

// "Outer_Inner" without regard to keywords.
std::string FlatName(const google::protobuf::Descriptor& message);
std::string FlatName(const google::protobuf::EnumDescriptor& enum_type);

// The names of what this plugin generates for a message or an enum: `FlatName` with `suffix` ("View",
// "Sender"), and with underscores behind it where the package has something of that name in the
// message's file or one that it imports.
class GeneratedNames {
 public:
  std::string Name(const google::protobuf::Descriptor& message, absl::string_view suffix);
  std::string Name(const google::protobuf::EnumDescriptor& enum_type, absl::string_view suffix);
  // "::foo::in_camera_2fframe_2eproto::FrameView": right wherever it stands, whatever else is included.
  std::string QualifiedName(const google::protobuf::Descriptor& message, absl::string_view suffix);

 private:
  std::string FreeName(const google::protobuf::FileDescriptor& file, std::string name);

  std::map<const google::protobuf::FileDescriptor*, NameScope> scopes_;
};

// "DeviceCase", "DEVICE_NOT_SET" for oneof device.
std::string OneofCaseName(const google::protobuf::OneofDescriptor& oneof);
std::string OneofNotSetName(const google::protobuf::OneofDescriptor& oneof);

// All messages of the file, nested ones and the entries of maps included, each after those it
// refers to by value or pointer as far as that is possible.
std::vector<const google::protobuf::Descriptor*> MessagesOf(
    const google::protobuf::FileDescriptor& file);
std::vector<const google::protobuf::EnumDescriptor*> EnumsOf(
    const google::protobuf::FileDescriptor& file);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_NAMES_H_
