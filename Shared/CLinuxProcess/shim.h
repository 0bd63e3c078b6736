// What Linux and glibc have for processes that Swift's own import of the C library lacks: process descriptors (pidfd_open(2)),
// a handle on one process that a recycled number cannot fool, and two settings of posix_spawn.
#pragma once

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

// glibc 2.29 and 2.34; its header shows them under _GNU_SOURCE only.
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *__restrict actions, const char *__restrict path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// A descriptor that becomes readable when the process has ended; -1 and errno when there is no such process.
static inline int clinux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

// 0, or -1 and errno.
static inline int clinux_pidfd_signal(int descriptor, int signal_number) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, signal_number, (void *)0, 0);
}

// Collects an ended child: its exit status, or 128 + the signal that ended it; -1 when it is no child of ours or has not ended.
static inline int clinux_pidfd_reap(int descriptor) {
    siginfo_t info;
    info.si_pid = 0;
    // 3 is P_PIDFD (Linux 5.4), which older headers lack.
    if (waitid((idtype_t)3, (id_t)descriptor, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return -1;
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
