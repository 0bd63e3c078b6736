// What Linux has for files and sockets that Swift's own import of the C library lacks: epoll, eventfd, sendfile and accept4, names for threads, and the allocator's settings.
#pragma once

#include <malloc.h>
#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

// glibc shows these under _GNU_SOURCE only.
extern int accept4(int descriptor, struct sockaddr *__restrict address, socklen_t *__restrict length, int flags);
extern int pthread_setname_np(pthread_t thread, const char *name);
