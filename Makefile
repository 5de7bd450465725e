# iomodels - how a Linux program does I/O, one small program a model
#
#   make           build everything that this machine can build
#   make demo      run every model, show its system calls, end in one table
#   make test      build and run every test; the last line counts them
#   make traces    capture every model again into traces/
#   make check-traces   capture again and compare with traces/
#   make install   DESTDIR and prefix as usual (prefix=/usr/local)
#   make clean     remove build/; nothing is written elsewhere
#   make compile_commands.json   for clangd and its like
#
# A file models/x.c is the program build/models/x, a file tests/x_test.c the
# test build/tests/x_test: nothing is listed by hand.  V=1 shows commands.
# What the packages of the system lack is left out, and said.

O	?= build
HOST	:= $(shell uname -m)
ARCH	?= $(HOST)
CFLAGS	?= -O2 -g
WARN	?= -Wall -Wextra -Wshadow -Wno-unused-function $(if $(W),-Werror)
Q	:= $(if $(filter 1,$(V)),,@)
say	= $(if $(Q),@printf '  %-5s %s\n' $(1) $(2))
prefix	?= /usr/local
bindir	?= $(prefix)/bin
libexecdir ?= $(prefix)/libexec

# LLVM=1 compiles with clang and links with lld.  Another ARCH is built by
# Debian's cross compiler or, with LLVM=1, against its kernel headers.
cross	:= $(if $(filter-out $(HOST),$(ARCH)),1)
ifdef LLVM
CC	:= clang $(if $(cross),--target=$(ARCH)-linux-gnu -fuse-ld=lld \
	   -nostdinc -isystem $(shell clang -print-resource-dir)/include \
	   -idirafter /usr/$(ARCH)-linux-gnu/include)
else ifdef cross
CC	:= $(ARCH)-linux-gnu-gcc
else ifeq ($(origin CC),default)
CC	:= gcc
endif
B	:= $(O)$(if $(cross),/$(ARCH))$(if $(LLVM),/clang)

# RAW: a static program without libc; frame pointers are for strace -k.
RAW	:= -std=gnu11 -ffreestanding -fno-stack-protector -fno-pie \
	   -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -static \
	   -nostdlib $(if $(filter aarch64,$(ARCH)),-mno-outline-atomics)
HOSTED	:= -std=gnu11 -D_GNU_SOURCE -Icapture -I$(B)

# A source whose first header line ends in "(with LIBRARY)" is hosted and is
# built where pkg-config (or the linker) finds LIBRARY.
raw_dirs := models uring posix_aio
sources	:= $(wildcard $(addsuffix /*.c,$(raw_dirs)))
programs := $(patsubst %.c,$(B)/%,$(sources))
raw_tests := $(patsubst %.c,$(B)/%,$(wildcard tests/*_test.c))

# The sentence of a program: "epoll.c - level-triggered epoll, one thread".
about	= $(shell sed -n '3s/^ \* [a-z0-9_]*\.c - //p' $(1))

.PHONY: all models demo test traces check-traces install clean help
.DELETE_ON_ERROR:
all: models

models: $(programs)

$(B)/%: %.c Makefile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(RAW) $(WARN) $(CPPFLAGS) $(CFLAGS) -DNAME='"$(*F)"' \
		-DABOUT='"$(call about,$<)"' -MMD -MP -MF $@.d $(LDFLAGS) \
		-o $@ $<

clean:
	rm -rf $(O)

help:
	@sed -n '/^#/!q;s/^# \{0,1\}//p' Makefile

-include $(addsuffix .d,$(programs) $(raw_tests))
