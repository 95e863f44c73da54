// Renaming that either exchanges two files or replaces none, in one step.
#ifndef IPMPSC_INTERNAL_OS_RENAME_FILE_H_
#define IPMPSC_INTERNAL_OS_RENAME_FILE_H_

namespace ipmpsc::internal {

// Each returns whether it has renamed, with errno as of renameat2: EINVAL or ENOSYS if the file
// system or the kernel cannot do it.

// Gives each of the two files the other's name.
bool ExchangeNames(const char* path, const char* other);

// Renames `from` to `to`. EEXIST if there is a file of that name.
bool RenameWithoutReplacing(const char* from, const char* to);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_RENAME_FILE_H_
