//! Status codes and errors, and what turns those of the C interface into them.

use crate::ffi;
use std::ffi::{CStr, CString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The kinds of errors. The numbers are those of gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
}

impl Code {
    fn of(status: i32) -> Code {
        match status {
            1 => Code::Cancelled,
            3 => Code::InvalidArgument,
            4 => Code::DeadlineExceeded,
            5 => Code::NotFound,
            6 => Code::AlreadyExists,
            7 => Code::PermissionDenied,
            8 => Code::ResourceExhausted,
            9 => Code::FailedPrecondition,
            10 => Code::Aborted,
            11 => Code::OutOfRange,
            12 => Code::Unimplemented,
            13 => Code::Internal,
            14 => Code::Unavailable,
            15 => Code::DataLoss,
            _ => Code::Unknown,
        }
    }
}

/// The text: the failure, then the remedy.
#[derive(Clone, Debug)]
pub struct Error {
    code: Code,
    text: String,
}

impl Error {
    pub fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn last(status: i32) -> Error {
        // SAFETY: the text is valid until this thread's next failure, and it is copied here.
        let text = unsafe { CStr::from_ptr(ffi::ipmpsc_error_text()) };
        Error { code: Code::of(status), text: text.to_string_lossy().into_owned() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the names are never freed.
        let name = unsafe { CStr::from_ptr(ffi::ipmpsc_status_name(self.code as i32)) };
        write!(formatter, "{}: {}", name.to_string_lossy(), self.text)
    }
}

impl std::error::Error for Error {}

pub type Result<T> = std::result::Result<T, Error>;

pub(crate) fn check(status: i32) -> Result<()> {
    if status == 0 {
        Ok(())
    } else {
        Err(Error::last(status))
    }
}

pub(crate) fn invalid(text: String) -> Error {
    Error { code: Code::InvalidArgument, text }
}

/// Nanoseconds of a timeout; `None` waits without end.
pub(crate) fn nanoseconds(timeout: Option<Duration>) -> i64 {
    // i64::MAX means: without end.
    timeout.map_or(i64::MAX, |time| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX))
}

pub(crate) fn path_text(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| invalid(format!("the path {path:?} contains a NUL")))
}

/// A name for an option; empty: the program's, which NULL stands for.
pub(crate) fn name_text(name: &str) -> Result<Option<CString>> {
    if name.is_empty() {
        return Ok(None);
    }
    CString::new(name).map(Some).map_err(|_| invalid(format!("the name {name:?} contains a NUL")))
}

/// A time of the C interface, where 0 says that it is unknown.
pub(crate) fn time_of(nanoseconds: i64) -> Option<SystemTime> {
    let since = u64::try_from(nanoseconds).ok().filter(|&time| time != 0)?;
    Some(UNIX_EPOCH + Duration::from_nanos(since))
}

pub(crate) fn duration_of(nanoseconds: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}

/// Whether `result` is the end of a wait: then `None`.
pub(crate) fn unless_late<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code == Code::DeadlineExceeded => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether `status` is "nothing now": then `None`. This makes no error, so polling costs nothing.
pub(crate) fn unless_empty(status: i32) -> Result<Option<()>> {
    if status == Code::Unavailable as i32 {
        return Ok(None);
    }
    check(status).map(Some)
}
