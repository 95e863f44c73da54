#include "codegen/c_names.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace ipmpsc::codegen {
namespace {

using Names = absl::flat_hash_set<absl::string_view>;

// The names that glibc 2.36 declares.
constexpr char kBesideStatusNames[] =
    "access acct acos acosh adjtime alarm asin asinh atan atan2 atanh brk canonicalize cbrt ceil "
    "chdir chown chroot close close_range closefrom confstr copy_file_range copysign cos cosh "
    "crypt daemon double_t drem dup dup2 dup3 eaccess endusershell environ erf erfc euidaccess "
    "execl execle execlp execv execve execveat execvp execvpe exp exp10 exp2 expm1 fabs faccessat "
    "fchdir fchown fchownat fdatasync fdim fexecve finite float_t floor fma fmax fmaximum "
    "fmaximum_mag fmaximum_mag_num fmaximum_num fmaxmag fmin fminimum fminimum_mag "
    "fminimum_mag_num fminimum_num fminmag fmod fork fpathconf frexp fromfp fromfpx fsync "
    "ftruncate ftruncate64 futimes futimesat gamma get_current_dir_name getcwd getdomainname "
    "getdtablesize getegid getentropy geteuid getgid getgroups gethostid gethostname getitimer "
    "getlogin getlogin_r getopt getpagesize getpass getpayload getpgid getpgrp getpid getppid "
    "getresgid getresuid getsid gettid gettimeofday getuid getusershell getwd group_member hypot "
    "ilogb isatty iscanonical iseqsig isinff isinfl isnanf isnanl issignaling iswalnum iswalnum_l "
    "iswalpha iswalpha_l iswblank iswblank_l iswcntrl iswcntrl_l iswctype iswctype_l iswdigit "
    "iswdigit_l iswgraph iswgraph_l iswlower iswlower_l iswprint iswprint_l iswpunct iswpunct_l "
    "iswspace iswspace_l iswupper iswupper_l iswxdigit iswxdigit_l iszero itimerval j0 j1 jn "
    "lchown ldexp lgamma lgamma_r link linkat llogb llrint llround lockf lockf64 log log10 log1p "
    "log2 logb lrint lround lseek lseek64 lutimes modf nan nearbyint nextafter nextdown "
    "nexttoward nextup nice optarg opterr optind optopt pathconf pause pipe pipe2 pow pread "
    "pread64 profil pwrite pwrite64 read readlink readlinkat remainder remquo revoke rint rmdir "
    "round roundeven sbrk scalb scalbln scalbn setdomainname setegid seteuid setgid sethostid "
    "sethostname setitimer setlogin setpayload setpayloadsig setpgid setpgrp setregid setresgid "
    "setresuid setreuid setsid settimeofday setuid setusershell signgam significand sin sincos "
    "sinh sleep socklen_t sqrt swab symlink symlinkat sync syncfs syscall sysconf tan tanh "
    "tcgetpgrp tcsetpgrp tgamma totalorder totalordermag towctrans towctrans_l towlower "
    "towlower_l towupper towupper_l trunc truncate truncate64 ttyname ttyname_r ttyslot ualarm "
    "ufromfp ufromfpx unlink unlinkat usleep utimes vfork vhangup wctrans wctrans_l wctrans_t "
    "wctype wctype_l wctype_t write y0 y1 yn ";

constexpr char kEverywhereNames[] =
    "FILE PTHREAD_MUTEX_ADAPTIVE_NP PTHREAD_MUTEX_DEFAULT PTHREAD_MUTEX_ERRORCHECK "
    "PTHREAD_MUTEX_ERRORCHECK_NP PTHREAD_MUTEX_FAST_NP PTHREAD_MUTEX_NORMAL "
    "PTHREAD_MUTEX_RECURSIVE PTHREAD_MUTEX_RECURSIVE_NP PTHREAD_MUTEX_ROBUST "
    "PTHREAD_MUTEX_ROBUST_NP PTHREAD_MUTEX_STALLED PTHREAD_MUTEX_STALLED_NP "
    "PTHREAD_MUTEX_TIMED_NP PTHREAD_PRIO_INHERIT PTHREAD_PRIO_NONE PTHREAD_PRIO_PROTECT "
    "PTHREAD_RWLOCK_DEFAULT_NP PTHREAD_RWLOCK_PREFER_READER_NP "
    "PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP PTHREAD_RWLOCK_PREFER_WRITER_NP a64l abort abs "
    "aligned_alloc arc4random arc4random_buf arc4random_uniform asctime asctime_r asprintf "
    "at_quick_exit atexit atof atoi atol atoll basename bcmp bcopy blkcnt64_t blkcnt_t blksize_t "
    "bsearch btowc bzero caddr_t calloc canonicalize_file_name clearenv clearerr "
    "clearerr_unlocked clock clock_adjtime clock_getcpuclockid clock_getres clock_gettime "
    "clock_nanosleep clock_settime clock_t clockid_t clone comparison_fn_t "
    "cookie_close_function_t cookie_io_functions_t cookie_read_function_t cookie_seek_function_t "
    "cookie_write_function_t cpu_set_t ctermid ctime ctime_r cuserid daddr_t daylight dev_t "
    "difftime div div_t dprintf drand48 drand48_data drand48_r duplocale dysize ecvt ecvt_r "
    "erand48 erand48_r error_t exit explicit_bzero fclose fcloseall fcvt fcvt_r fd_mask fd_set "
    "fdopen feof feof_unlocked ferror ferror_unlocked fflush fflush_unlocked ffs ffsl ffsll fgetc "
    "fgetc_unlocked fgetpos fgetpos64 fgets fgets_unlocked fgetwc fgetwc_unlocked fgetws "
    "fgetws_unlocked fileno fileno_unlocked flockfile fmemopen fopen fopen64 fopencookie fpos64_t "
    "fpos_t fprintf fputc fputc_unlocked fputs fputs_unlocked fputwc fputwc_unlocked fputws "
    "fputws_unlocked fread fread_unlocked free freelocale freopen freopen64 fsblkcnt64_t "
    "fsblkcnt_t fscanf fseek fseeko fseeko64 fsetpos fsetpos64 fsfilcnt64_t fsfilcnt_t fsid_t "
    "ftell ftello ftello64 ftrylockfile funlockfile fwide fwprintf fwrite fwrite_unlocked fwscanf "
    "gcvt getc getc_unlocked getchar getchar_unlocked getcpu getdate getdate_err getdate_r "
    "getdelim getenv getline getloadavg getpt getsubopt getw getwc getwc_unlocked getwchar "
    "getwchar_unlocked gid_t gmtime gmtime_r grantpt id_t index initstate initstate_r ino64_t "
    "ino_t int16_t int32_t int64_t int8_t int_fast16_t int_fast32_t int_fast64_t int_fast8_t "
    "int_least16_t int_least32_t int_least64_t int_least8_t intmax_t intptr_t isalnum isalnum_l "
    "isalpha isalpha_l isascii isblank isblank_l iscntrl iscntrl_l isctype isdigit isdigit_l "
    "isgraph isgraph_l islower islower_l isprint isprint_l ispunct ispunct_l isspace isspace_l "
    "isupper isupper_l isxdigit isxdigit_l itimerspec jrand48 jrand48_r key_t l64a labs lcong48 "
    "lcong48_r lconv ldiv ldiv_t llabs lldiv lldiv_t locale_t localeconv localtime localtime_r "
    "loff_t lrand48 lrand48_r malloc max_align_t mblen mbrlen mbrtowc mbsinit mbsnrtowcs "
    "mbsrtowcs mbstate_t mbstowcs mbtowc memccpy memchr memcmp memcpy memfrob memmem memmove "
    "mempcpy memrchr memset mkdtemp mkostemp mkostemp64 mkostemps mkostemps64 mkstemp mkstemp64 "
    "mkstemps mkstemps64 mktemp mktime mode_t mrand48 mrand48_r nanosleep newlocale nlink_t "
    "nrand48 nrand48_r nullptr_t obstack obstack_printf obstack_vprintf off64_t off_t on_exit "
    "open_memstream open_wmemstream pclose perror pid_t popen posix_memalign posix_openpt printf "
    "program_invocation_name program_invocation_short_name pselect pthread_atfork "
    "pthread_attr_destroy pthread_attr_getaffinity_np pthread_attr_getdetachstate "
    "pthread_attr_getguardsize pthread_attr_getinheritsched pthread_attr_getschedparam "
    "pthread_attr_getschedpolicy pthread_attr_getscope pthread_attr_getsigmask_np "
    "pthread_attr_getstack pthread_attr_getstackaddr pthread_attr_getstacksize pthread_attr_init "
    "pthread_attr_setaffinity_np pthread_attr_setdetachstate pthread_attr_setguardsize "
    "pthread_attr_setinheritsched pthread_attr_setschedparam pthread_attr_setschedpolicy "
    "pthread_attr_setscope pthread_attr_setsigmask_np pthread_attr_setstack "
    "pthread_attr_setstackaddr pthread_attr_setstacksize pthread_attr_t pthread_barrier_destroy "
    "pthread_barrier_init pthread_barrier_t pthread_barrier_wait pthread_barrierattr_destroy "
    "pthread_barrierattr_getpshared pthread_barrierattr_init pthread_barrierattr_setpshared "
    "pthread_barrierattr_t pthread_cancel pthread_clockjoin_np pthread_cond_broadcast "
    "pthread_cond_clockwait pthread_cond_destroy pthread_cond_init pthread_cond_signal "
    "pthread_cond_t pthread_cond_timedwait pthread_cond_wait pthread_condattr_destroy "
    "pthread_condattr_getclock pthread_condattr_getpshared pthread_condattr_init "
    "pthread_condattr_setclock pthread_condattr_setpshared pthread_condattr_t pthread_create "
    "pthread_detach pthread_equal pthread_exit pthread_getaffinity_np pthread_getattr_default_np "
    "pthread_getattr_np pthread_getconcurrency pthread_getcpuclockid pthread_getname_np "
    "pthread_getschedparam pthread_getspecific pthread_join pthread_key_create pthread_key_delete "
    "pthread_key_t pthread_mutex_clocklock pthread_mutex_consistent pthread_mutex_consistent_np "
    "pthread_mutex_destroy pthread_mutex_getprioceiling pthread_mutex_init pthread_mutex_lock "
    "pthread_mutex_setprioceiling pthread_mutex_t pthread_mutex_timedlock pthread_mutex_trylock "
    "pthread_mutex_unlock pthread_mutexattr_destroy pthread_mutexattr_getprioceiling "
    "pthread_mutexattr_getprotocol pthread_mutexattr_getpshared pthread_mutexattr_getrobust "
    "pthread_mutexattr_getrobust_np pthread_mutexattr_gettype pthread_mutexattr_init "
    "pthread_mutexattr_setprioceiling pthread_mutexattr_setprotocol pthread_mutexattr_setpshared "
    "pthread_mutexattr_setrobust pthread_mutexattr_setrobust_np pthread_mutexattr_settype "
    "pthread_mutexattr_t pthread_once pthread_once_t pthread_rwlock_clockrdlock "
    "pthread_rwlock_clockwrlock pthread_rwlock_destroy pthread_rwlock_init pthread_rwlock_rdlock "
    "pthread_rwlock_t pthread_rwlock_timedrdlock pthread_rwlock_timedwrlock "
    "pthread_rwlock_tryrdlock pthread_rwlock_trywrlock pthread_rwlock_unlock "
    "pthread_rwlock_wrlock pthread_rwlockattr_destroy pthread_rwlockattr_getkind_np "
    "pthread_rwlockattr_getpshared pthread_rwlockattr_init pthread_rwlockattr_setkind_np "
    "pthread_rwlockattr_setpshared pthread_rwlockattr_t pthread_self pthread_setaffinity_np "
    "pthread_setattr_default_np pthread_setcancelstate pthread_setcanceltype "
    "pthread_setconcurrency pthread_setname_np pthread_setschedparam pthread_setschedprio "
    "pthread_setspecific pthread_spin_destroy pthread_spin_init pthread_spin_lock "
    "pthread_spin_trylock pthread_spin_unlock pthread_spinlock_t pthread_t pthread_testcancel "
    "pthread_timedjoin_np pthread_tryjoin_np pthread_yield ptrdiff_t ptsname ptsname_r putc "
    "putc_unlocked putchar putchar_unlocked putenv puts putw putwc putwc_unlocked putwchar "
    "putwchar_unlocked qecvt qecvt_r qfcvt qfcvt_r qgcvt qsort qsort_r quad_t quick_exit rand "
    "rand_r random random_data random_r rawmemchr realloc reallocarray realpath register_t remove "
    "rename renameat renameat2 rewind rindex rpmatch scanf sched_get_priority_max "
    "sched_get_priority_min sched_getaffinity sched_getcpu sched_getparam sched_getscheduler "
    "sched_param sched_rr_get_interval sched_setaffinity sched_setparam sched_setscheduler "
    "sched_yield secure_getenv seed48 seed48_r select setbuf setbuffer setenv setlinebuf "
    "setlocale setns setstate setstate_r setvbuf sigabbrev_np sigdescr_np sigevent sigset_t "
    "size_t snprintf sprintf srand srand48 srand48_r srandom srandom_r sscanf ssize_t stderr "
    "stdin stdout stpcpy stpncpy strcasecmp strcasecmp_l strcasestr strcat strchr strchrnul "
    "strcmp strcoll strcoll_l strcpy strcspn strdup strerror strerror_l strerror_r "
    "strerrordesc_np strerrorname_np strfromd strfromf strfromf128 strfromf32 strfromf32x "
    "strfromf64 strfromf64x strfroml strfry strftime strftime_l strlen strncasecmp strncasecmp_l "
    "strncat strncmp strncpy strndup strnlen strpbrk strptime strptime_l strrchr strsep strsignal "
    "strspn strstr strtod strtod_l strtof strtof128 strtof128_l strtof32 strtof32_l strtof32x "
    "strtof32x_l strtof64 strtof64_l strtof64x strtof64x_l strtof_l strtok strtok_r strtol "
    "strtol_l strtold strtold_l strtoll strtoll_l strtoq strtoul strtoul_l strtoull strtoull_l "
    "strtouq strverscmp strxfrm strxfrm_l suseconds_t swprintf swscanf system tempnam time time_t "
    "timegm timelocal timer_create timer_delete timer_getoverrun timer_gettime timer_settime "
    "timer_t timespec timespec_get timespec_getres timeval timex timezone tm tmpfile tmpfile64 "
    "tmpnam tmpnam_r toascii tolower tolower_l toupper toupper_l tzname tzset u_char u_int "
    "u_int16_t u_int32_t u_int64_t u_int8_t u_long u_quad_t u_short uid_t uint uint16_t uint32_t "
    "uint64_t uint8_t uint_fast16_t uint_fast32_t uint_fast64_t uint_fast8_t uint_least16_t "
    "uint_least32_t uint_least64_t uint_least8_t uintmax_t uintptr_t ulong ungetc ungetwc "
    "unlockpt unsetenv unshare useconds_t uselocale ushort va_list valloc vasprintf vdprintf "
    "vfprintf vfscanf vfwprintf vfwscanf vprintf vscanf vsnprintf vsprintf vsscanf vswprintf "
    "vswscanf vwprintf vwscanf wcpcpy wcpncpy wcrtomb wcscasecmp wcscasecmp_l wcscat wcschr "
    "wcschrnul wcscmp wcscoll wcscoll_l wcscpy wcscspn wcsdup wcsftime wcsftime_l wcslen "
    "wcsncasecmp wcsncasecmp_l wcsncat wcsncmp wcsncpy wcsnlen wcsnrtombs wcspbrk wcsrchr "
    "wcsrtombs wcsspn wcsstr wcstod wcstod_l wcstof wcstof128 wcstof128_l wcstof32 wcstof32_l "
    "wcstof32x wcstof32x_l wcstof64 wcstof64_l wcstof64x wcstof64x_l wcstof_l wcstok wcstol "
    "wcstol_l wcstold wcstold_l wcstoll wcstoll_l wcstombs wcstoq wcstoul wcstoul_l wcstoull "
    "wcstoull_l wcstouq wcswcs wcswidth wcsxfrm wcsxfrm_l wctob wctomb wcwidth wint_t wmemchr "
    "wmemcmp wmemcpy wmemmove wmempcpy wmemset wprintf wscanf ";

Names Split(const char* names) { return absl::StrSplit(names, ' ', absl::SkipEmpty()); }

// Whether `name` is a <math.h> function of another type: log has logf, logl, logf32 and logf64x.
bool IsMathOfOtherType(absl::string_view name, const Names& names) {
  const bool is_reentrant = absl::ConsumeSuffix(&name, "_r");
  for (const absl::string_view suffix : {"f", "l", "f32", "f32x", "f64", "f64x", "f128"}) {
    absl::string_view stem = name;
    if (absl::ConsumeSuffix(&stem, suffix) &&
        names.contains(absl::StrCat(stem, is_reentrant ? "_r" : ""))) {
      return true;
    }
  }
  return false;
}

// Whether `name` rounds to a narrower type: fadd, dmull, f32addf64x.
bool IsNarrowingMath(absl::string_view name) {
  bool is_narrowing = false;
  for (const absl::string_view prefix : {"f32x", "f64x", "f32", "f64", "f", "d"}) {
    if (absl::ConsumePrefix(&name, prefix)) {
      is_narrowing = true;
      break;
    }
  }
  if (!is_narrowing) return false;
  for (const absl::string_view operation : {"add", "sub", "mul", "div", "sqrt", "fma"}) {
    if (!absl::ConsumePrefix(&name, operation)) continue;
    for (const absl::string_view suffix : {"", "l", "f32x", "f64", "f64x", "f128"}) {
      if (name == suffix) return true;
    }
  }
  return false;
}

}  // namespace

CName FindCName(absl::string_view name) {
  static const auto* const kBesideStatus = new Names(Split(kBesideStatusNames));
  static const auto* const kEverywhere = new Names(Split(kEverywhereNames));
  if (kEverywhere->contains(name)) return CName::kEverywhere;
  return kBesideStatus->contains(name) || IsMathOfOtherType(name, *kBesideStatus) ||
                 IsNarrowingMath(name)
             ? CName::kBesideStatus
             : CName::kNone;
}

}  // namespace ipmpsc::codegen
