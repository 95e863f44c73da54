// The C++ names of a .proto file's declarations: those of protobuf, and those of this plugin.
#ifndef IPMPSC_CODEGEN_NAMES_H_
#define IPMPSC_CODEGEN_NAMES_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

// The names of one scope. Each is taken once.
class NameScope {
 public:
  bool Contains(const std::string& name) const { return names_.count(name) != 0; }
  // Returns false if `name` is taken.
  bool Take(const std::string& name) { return names_.insert(name).second; }
  // Takes `name`, with as many underscores appended as it needs to be free.
  std::string TakeFree(std::string name);

 private:
  std::set<std::string> names_;
};

// The headers of one .proto file. Each includes those before it.
enum class HeaderKind {
  kForward,  // "camera/frame.ipmpsc.fwd.h": declares the classes
  kViews,    // "camera/frame.ipmpsc.views.h": views and constants
  kWhole,    // "camera/frame.ipmpsc.h": everything
};

// Returns "camera/frame" for camera/frame.proto.
std::string HeaderStem(const google::protobuf::FileDescriptor& file);
std::string HeaderName(absl::string_view stem, HeaderKind kind);

// Returns "IPMPSC_INCLUDED_camera_2fframe_2eproto" for the symbol of a file.
std::string IncludeGuard(absl::string_view symbol, HeaderKind kind);

// Returns "foo::bar" for package foo.bar, or "" without a package.
std::string PackageNamespace(const google::protobuf::FileDescriptor& file);

// Returns "in_camera_2fframe_2eproto": the namespace of the classes that are generated for the
// file. It is a sibling of the package's namespace: "foo::in_camera_2fframe_2eproto".
//
// A using-directive in the package's namespace makes the classes visible there. C++ treats names
// from such a directive as members of the enclosing namespace. A name that protobuf declares in the
// package, in any file, therefore hides the generated one and is never ambiguous with it.
std::string FileNamespace(const google::protobuf::FileDescriptor& file);

// Returns a name that no other file has: "camera_2fframe_2eproto".
std::string FileSymbol(const google::protobuf::FileDescriptor& file);

// Returns {"foo", "bar"} for package foo.bar.
std::vector<std::string> NamespaceParts(const google::protobuf::FileDescriptor& file);

// Return the class or enum that protobuf generates: "::foo::bar::Outer_Inner".
std::string QualifiedMessageName(const google::protobuf::Descriptor& message);
std::string QualifiedEnumName(const google::protobuf::EnumDescriptor& enum_type);

// Return "Outer_Inner", even if it is a keyword.
std::string FlatName(const google::protobuf::Descriptor& message);
std::string FlatName(const google::protobuf::EnumDescriptor& enum_type);

// The names of the classes that this plugin generates for a type or a service: `FlatName` with
// `suffix` ("View", "Sender"). Underscores are appended if the package declares that name in the
// message's file or in an import.
class GeneratedNames {
 public:
  std::string Name(const google::protobuf::Descriptor& message, absl::string_view suffix);
  std::string Name(const google::protobuf::EnumDescriptor& enum_type, absl::string_view suffix);
  std::string Name(const google::protobuf::ServiceDescriptor& service, absl::string_view suffix);
  // Returns "::foo::in_camera_2fframe_2eproto::FrameView", which is valid in every scope.
  std::string QualifiedName(const google::protobuf::Descriptor& message, absl::string_view suffix);

 private:
  std::string FreeName(const google::protobuf::FileDescriptor& file, std::string name);

  std::map<const google::protobuf::FileDescriptor*, NameScope> scopes_;
};

// Return "DeviceCase" and "DEVICE_NOT_SET" for oneof device.
std::string OneofCaseName(const google::protobuf::OneofDescriptor& oneof);
std::string OneofNotSetName(const google::protobuf::OneofDescriptor& oneof);

// Returns all messages of the file, including nested ones and the entries of maps. A message
// follows those it refers to by value or pointer, as far as possible.
std::vector<const google::protobuf::Descriptor*> MessagesOf(
    const google::protobuf::FileDescriptor& file);
std::vector<const google::protobuf::EnumDescriptor*> EnumsOf(
    const google::protobuf::FileDescriptor& file);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_NAMES_H_
