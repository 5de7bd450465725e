# iomodels - how a Linux program does I/O, one small program per model
#
#   make           build everything that this machine can build
#   make demo      run every model, show its system calls, then one table of all
#   make test      run deps and check; the last line gives the number of tests.
#                  As root, demo and test install the packages that are missing
#   make deps      install what make test uses: as root, Debian's packages
#   make check     build and run every test, and install nothing
#   make check-unit    run only the tests that start no server and no iomodels
#   make check-hosted  run only the tests of hosted code: ASAN=1 checks its memory
#   make test-NAME build all, run the tests of one program: make test-epoll
#   make add-NAME  capture that program into traces/, and write its row of
#                  docs/who-waits.md
#   make explain   build only build/iomodels-explain, which does what iomodels
#                  explain does; this takes a few seconds
#   make compare   measure the models and others side by side, 20 minutes;
#                  build/compare/report.html has the plots; RESUME=1 continues it;
#                  FILES=1 measures file jobs, also those of fio, into
#                  build/compare-files
#   make results   measure what docs/results.md shows and write it, on a quiet
#                  machine; it takes almost an hour; PARTS="models files" chooses
#                  among its parts models, standard and files; the tables are in
#                  build/results/results.md, also after Ctrl-C; RESUME=1 continues
#   make soak      give every server 50 crowds of 200 clients, then 10,000
#                  connections; every file job 1 GiB; explain every capture
#   make soak-aio  use libposixaio from 24 threads for ten minutes, and once more
#                  while its system calls fail at random
#   make soak-compare   compare on a machine that stress-ng keeps busy: copies
#                  of one server, and a slower one; it takes an hour, or less with
#                  PAIRS=N (200) or LAYOUT=same
#   make layouts   measure how much the linker's layout changes a server's rate
#   make mutants   put faults into the programs and check that tests fail;
#                  SAMPLE=60 takes 60 of them, TIME=450 as many as fit into 450 s
#   make check-faults   make system calls of each server fail, one per run: a
#                  random choice, a few minutes; IOMODELS_SEED=N repeats it
#   make soak-faults    make every system call of every server fail, one per run,
#                  then run the floods with 10,000 peers; it takes an hour
#   make soak-kills     kill each subcommand by each signal, at 50 moments
#   make check-pages    test the book and the report page in a browser
#   make check-libc     build the freestanding tests with libc, and run them
#   make check-aio      run only the tests of libposixaio; TSAN=1 looks for data
#                  races
#   make traces    capture every model again into traces/
#   make check-traces   capture again and compare with traces/
#   make man       write the manual pages into build/man, from --help, with
#                  help2man
#   make install   with DESTDIR, prefix, bindir, libexecdir as usual; make
#                  uninstall removes the files
#   make install-posixaio   install only the library (make lib builds it)
#   make fuzz      give random logs to the log reader, for SECONDS=60; RUNS=0
#                  gives it only the seeds, such as the logs that found faults
#   make fuzz-folder   give the log reader random captures; make fuzz-format:
#                  random pasted and packed logs; make fuzz-command: give
#                  iomodels random command lines
#   make compare-aio  compare fio on libposixaio, glibc and io_uring in a table;
#                  its files are in DIR (/var/tmp), SETS="direct hot ..." chooses
#                  the measurements, TIME=900 ends them after 900 s; after Ctrl-C
#                  the table has the runs until then
#   make packages  build Debian packages into build/packages, then install, use
#                  and remove them in fresh chroots; SUITES="bookworm trixie"
#   make vm        open a shell in a virtual machine with the kernel of Debian 12,
#                  as root; RUN='iomodels doctor' runs a command there instead;
#                  KERNEL=7.3 takes another kernel, KERNEL=list lists them;
#                  WITH=DIR copies a file or folder there; ARCH=aarch64 takes
#                  another processor
#   make vm-test   run the tests in such machines, x86_64 and aarch64, a few of
#                  them on Linux 7.3
#   make book      write build/book/index.html: the programs, their captures and
#                  chapters as pages, which a browser shows without a network;
#                  FRESH=1 captures the programs again first
#   make kernels   boot five kernels, write docs/kernels.md; KERNELS='7.3' runs
#                  only that one again
#   make tables    write docs/ready.md and docs/io-wq.md
#   make clean     remove build/; nothing is written elsewhere
#   make compile_commands.json   write this file into build/, where clangd looks
#
#   V=1 shows commands, W=1 makes a warning an error, O=DIR builds in DIR,
#   LLVM=1 takes clang and lld, ARCH=aarch64 or riscv64 builds for another
#   processor, ASAN=1 adds AddressSanitizer and UBSan to the hosted code,
#   TSAN=1 adds ThreadSanitizer.
#
# The Makefile names no file by hand: models/x.c is the program build/models/x,
# tests/FOLDER/x_test.c or x_test.sh a test that prints TAP; cli/, lab/, capture/,
# log/, claims/ and bench/ together are build/iomodels.  A program or test is
# freestanding, without libc, unless the first line of its header (the third
# of the file) ends in "(with LIBRARY)": libc, liburing, libaio, libevent,
# libuv or libev.  Then it is hosted: compiled and linked with libc.  A hosted
# test is linked with all parts of iomodels except cli/.  A program whose
# library is not installed is left out, and the build prints that.  A script
# bench/peers/x.py or x.js is copied to build/bench/peers/x.

VERSION	:= 0.1
O	?= build
HOST	:= $(shell uname -m)
ARCH	?= $(HOST)
CFLAGS	?= -O2 -g
WARN	?= -Wall -Wextra -Wshadow -Wno-unused-function \
	   -Wno-missing-field-initializers $(if $(W),-Werror)
Q	:= $(if $(filter 1,$(V)),,@)
say	= $(if $(Q),@printf '  %-5s %s\n' $(1) $(2))
prefix	?= /usr/local
bindir	?= $(prefix)/bin
libdir	?= $(prefix)/lib
includedir ?= $(prefix)/include
datadir	?= $(prefix)/share
mandir	?= $(datadir)/man
zshdir	?= $(datadir)/zsh/site-functions
libexecdir ?= $(prefix)/libexec
arches	:= x86_64 aarch64 riscv64

# LLVM=1 compiles with clang and links with lld.  Another ARCH is built by
# Debian's cross compiler or, with LLVM=1, against its kernel headers; with
# SYSROOT, where its libc is, the hosted code is built as well.
cross	:= $(if $(filter-out $(HOST),$(ARCH)),1)
ifneq ($(and $(cross),$(SYSROOT)),)
CC	:= clang --target=$(ARCH)-linux-gnu -fuse-ld=lld --sysroot=$(SYSROOT) \
	   -Wno-unused-command-line-argument
else ifdef LLVM
CC	:= clang $(if $(cross),--target=$(ARCH)-linux-gnu -fuse-ld=lld \
	   -Wno-unused-command-line-argument \
	   -nostdinc -isystem $(shell clang -print-resource-dir)/include \
	   -idirafter /usr/$(ARCH)-linux-gnu/include)
else ifdef cross
CC	:= $(ARCH)-linux-gnu-gcc
else ifeq ($(origin CC),default)
CC	:= gcc
endif
B	:= $(O)$(if $(cross),/$(ARCH))$(if $(LLVM),/clang)$(if $(ASAN),/asan)$(if \
	   $(TSAN),/tsan)

comma	:= ,

# Without these options gcc merges two equal calls into one, which has the line of
# only one of them.
APART	:= $(if $(findstring clang,$(CC)),,-fno-crossjumping -fno-tree-tail-merge)
# For log/: what -O3 inlines, which saves 5% of the time of a report, and functions at
# multiples of 32 bytes: 2 to 7% faster than of 64, which need more cache
# (docs/explain-faults.md).
INLINE	:= $(if $(findstring clang,$(CC)),,--param max-inline-insns-auto=30 \
	   --param inline-min-speedup=15 -falign-functions=32)
# RAW: a static program without libc; frame pointers are for strace -k.
# -Wno-tsan: the fence of uring/ring.h is for the kernel, which no sanitizer
# sees.
RAW	:= -std=gnu11 -ffreestanding -fno-stack-protector -fno-pie \
	   -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -static \
	   -nostdlib $(if $(filter aarch64,$(ARCH)),-mno-outline-atomics) $(APART)
SANE	:= $(if $(ASAN),-fsanitize=address$(comma)undefined \
	   -fno-sanitize-recover=all -fno-omit-frame-pointer) $(if \
	   $(TSAN),-fsanitize=thread -fno-omit-frame-pointer -DTSAN \
	   $(if $(LLVM),,-Wno-tsan))
INCLUDE	= -Ilab -Icapture -Iclaims -I$(B)
HOSTED	= -std=gnu11 -D_GNU_SOURCE $(INCLUDE) -pthread \
	  -DLIBEXECDIR='"$(libexecdir)"' \
	  -DLIBDIR='"$(libdir)"' $(SANE)

# libposixaio exports only what is marked; its calls of its own functions stay inside.
# A cancelled thread is unwound through its system calls.
AIO	:= -std=gnu11 -D_GNU_SOURCE -fPIC -fvisibility=hidden $(APART) \
	   -fexceptions -fasynchronous-unwind-tables -ftls-model=initial-exec -pthread $(SANE)
# No LTO: the static library is one object, in which objcopy makes the hidden
# names local.
AIO	+= $(if $(findstring -flto,$(CFLAGS)),-fno-lto)
AIO_SO	:= -shared -Wl,-z,nodelete -Wl,-soname,libposixaio.so.0 \
	   -Wl,-Bsymbolic-functions $(if $(SANE),,-Wl$(comma)-z$(comma)defs) \
	   -Wl,--version-script=posix_aio/lib/posixaio.map

# ---- what there is to build ----

program_sources := $(wildcard models/*.c uring/*.c posix_aio/*.c \
		bench/peers/*.c)
script_sources := $(wildcard bench/peers/*.py bench/peers/*.js)
test_sources := $(wildcard tests/*_test.c tests/*/*_test.c)
part_sources := $(wildcard lab/*.c capture/*.c log/*.c claims/*.c bench/*.c) # of iomodels, tests
cli_sources := $(filter-out cli/explain_alone.c,$(wildcard cli/*.c))
aio_sources := $(wildcard posix_aio/lib/*.c)
aio_library := $(if $(aio_sources),$(addprefix $(B)/lib/libposixaio,.so .a))

# "uring/x.c:liburing" for each source that is (with liburing), and so on.
with	:= $(shell awk 'FNR == 3 && match($$0, /\(with [a-z]+\)$$/) { \
		print FILENAME ":" substr($$0, RSTART + 6, RLENGTH - 7) }' \
		/dev/null $(program_sources) $(test_sources))
with_lib = $(patsubst %:$(1),%,$(filter %:$(1),$(with)))
hosted_sources := $(foreach w,$(with),$(firstword $(subst :, ,$(w))))
raw	:= $(patsubst %.c,$(B)/%,$(filter-out $(hosted_sources), \
		$(program_sources) $(test_sources)))

# What .ci/libs finds is kept in $(B)/libs.
known	:= liburing libaio libevent libuv libev
hosted_too := $(if $(cross),$(SYSROOT),1)
ifneq ($(hosted_too),)
libs	:= libc libposixaio
ifneq ($(filter-out clean help deps demo test compare vm vm-test book explain,$(or $(MAKECMDGOALS),all)),)
libs	+= $(shell CC='$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)' \
		sh .ci/libs $(B)/libs $(known))
endif
iomodels := $(if $(cli_sources),$(B)/iomodels)
ifndef cross
libposixaio := $(aio_library)
# A test X of POSIX AIO is built several times: X_test tests glibc's functions,
# X_ours_test ours; tests/posix_aio/ways.h refuses io_uring to X_noring_test, and
# native AIO as well to X_threads_test.
aio_tests := $(wildcard tests/posix_aio/posixaio*_test.c)
in_all_ways := $(wildcard $(addprefix tests/posix_aio/posixaio,_test.c \
	_stress_test.c _ext_test.c _odd_test.c))	# the others make their own filters
noring_tests := $(in_all_ways:%_test.c=$(B)/%_noring_test)
threads_tests := $(in_all_ways:%_test.c=$(B)/%_threads_test)
ours_tests := $(aio_tests:%_test.c=$(B)/%_ours_test) $(noring_tests) \
	$(threads_tests)
endif
endif
aio_objects := $(patsubst %.c,$(B)/%.o,$(aio_sources))
hosted	:= $(patsubst %.c,$(B)/%,$(foreach l,$(libs),$(call with_lib,$(l))))
left_out := $(if $(hosted_too),$(filter-out $(foreach l,$(libs),%:$(l)),$(with)))
left_out := $(left_out:%:libuv=%:libuv1)	# as Debian calls it
$(foreach s,$(hosted_sources),$(eval $(B)/$(s:.c=): LDLIBS += \
	$(patsubst lib%,-l%,$(filter $(known), \
	$(patsubst $(s):%,%,$(filter $(s):%,$(with)))))))

scripts	:= $(if $(cross),,$(addprefix $(B)/,$(basename $(script_sources))))
aio_linked := $(if $(cross),$(aio_objects),$(B)/lib/libposixaio.a)
$(foreach s,$(call with_lib,libposixaio),$(eval $(B)/$(s:.c=): $(aio_linked)))
$(foreach s,$(call with_lib,libposixaio),$(eval \
	$(B)/$(s:.c=): LDLIBS += $(aio_linked)))

programs := $(filter-out $(B)/tests/%,$(raw) $(hosted)) $(scripts)
raw_tests := $(filter $(B)/tests/%,$(raw))
hosted_tests := $(filter $(B)/tests/%,$(hosted))
parts	:= $(patsubst %.c,$(B)/%.o,$(part_sources))
alone	:= $(patsubst %.c,$(B)/%.o,cli/explain_alone.c cli/explain.c cli/arg.c \
	$(wildcard log/*.c))
objects	:= $(sort $(parts) $(patsubst %.c,$(B)/%.o,$(cli_sources)) $(alone))

# A rule before "all" would be what make makes.
.DEFAULT_GOAL := all
.PHONY: all programs tests left-out help clean FORCE \
	demo run-demo deps test check check-unit check-hosted check-pages check-aio \
	check-libc check-traces check-faults traces mutants soak soak-faults soak-kills \
	soak-aio soak-compare compare run-compare compare-aio results layouts explain \
	lib man \
	install install-iomodels install-posixaio uninstall packages book \
	vm vm-test kernels tables fuzz fuzz-folder fuzz-format fuzz-command
.DELETE_ON_ERROR:
.SECONDARY:
# None of make's own rules is used: looking through them takes half of the time.
MAKEFLAGS += --no-builtin-rules

all: programs $(iomodels) $(libposixaio) left-out
programs: $(programs)
tests: $(raw_tests) $(hosted_tests) $(ours_tests)

left-out:
	@for s in $(left_out); do echo "  left out: $${s%:*}," \
		"$${s##*:} is not installed ($${s##*:}-dev)"; done

# ---- how it is built ----

# The sentence of a program: "epoll.c - level-triggered epoll, one thread",
# and quoted for C inside of ' ' for the shell.
about	= $(subst ','\'',$(subst ",\",$(shell \
	  sed -n '3s/^ \* [a-z0-9_]*\.c - //p' $(1))))
named	= -DNAME='"$(*F)"' -DABOUT='"$(call about,$<)"'
# Only a test sees tap.h and the other headers of tests/.
seen	= $(if $(filter tests/%,$<),-Itests)
depend	= $(seen) -MMD -MP -MF $@.d

# Rules that run each time write $@.new; $@ changes only when its text does.
replace	= @cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# A source to its output; $(1): what kind, $(2): what goes behind the source.
define compile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(1) $(WARN) $(CPPFLAGS) $(CFLAGS) $(depend) -o $@ $< $(2)
endef

# Changed flags build everything again; a changed Makefile alone does not.
flags	:= $(CC) $(RAW) $(HOSTED) $(AIO) $(INLINE) $(WARN) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(flags))' >$@.new
	$(replace)

$(raw): $(B)/%: %.c $(B)/flags
	$(call compile,$(RAW) $(named),$(LDFLAGS))

$(filter-out $(B)/tests/%,$(hosted)): $(B)/%: %.c $(B)/flags
	$(call compile,$(HOSTED) $(APART) $(named),$(LDFLAGS) $(LDLIBS))

define copy_script
	$(call say,CP,$@)
	$(Q)install -D -m 755 $< $@
endef
$(filter $(script_sources:%.py=$(B)/%),$(scripts)): $(B)/%: %.py
	$(copy_script)
$(filter $(script_sources:%.js=$(B)/%),$(scripts)): $(B)/%: %.js
	$(copy_script)

# A test is compiled by itself: a change of the parts only links it again.
$(hosted_tests:%=%.o): $(B)/%.o: %.c $(B)/flags
	$(call compile,$(HOSTED) $(named) -c)

$(aio_tests:%_test.c=$(B)/%_ours_test.o): $(B)/%_ours_test.o: %_test.c $(B)/flags
	$(call compile,$(HOSTED) -DOURS $(named) -c)

$(noring_tests:%=%.o): $(B)/%_noring_test.o: %_test.c $(B)/flags
	$(call compile,$(HOSTED) -DOURS -DREFUSED=1 $(named) -c)

$(threads_tests:%=%.o): $(B)/%_threads_test.o: %_test.c $(B)/flags
	$(call compile,$(HOSTED) -DOURS -DREFUSED=2 $(named) -c)

$(ours_tests): LDLIBS += $(B)/lib/libposixaio.a
$(ours_tests): $(B)/lib/libposixaio.a
$(hosted_tests) $(ours_tests): %: %.o $(B)/parts.a
	$(call say,LD,$@)
	$(Q)$(CC) $(HOSTED) $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/parts.a $(LDLIBS)

$(B)/parts.a: $(parts)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(objects): $(B)/%.o: %.c $(B)/flags | $(B)/about.inc $(B)/syscalls.inc \
		$(B)/version.h
	$(call compile,$(HOSTED) $(if $(filter log/%,$<),$(INLINE)) -c)

# ---- libposixaio ----

# AIO comes last: its -fno-lto must follow the user's -flto.
$(aio_objects): $(B)/%.o: %.c $(B)/flags
	$(call compile,-c,$(AIO))

$(B)/lib/libposixaio.so.0: $(aio_objects) posix_aio/lib/posixaio.map
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(AIO) $(AIO_SO) -o $@ $(aio_objects)

$(B)/lib/libposixaio.so: $(B)/lib/libposixaio.so.0
	$(Q)ln -sf libposixaio.so.0 $@

# The objects of another processor need its binutils, or LLVM's.
binutils := $(if $(cross),$(if $(LLVM)$(SYSROOT),llvm-,$(ARCH)-linux-gnu-))
OBJCOPY	?= $(binutils)objcopy
ifeq ($(origin AR),default)
$(B)/lib/libposixaio.a: AR := $(binutils)ar
endif

# One object, in which what the .so hides is local.
$(B)/lib/libposixaio.a: $(aio_objects)
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -r -nostdlib -o $(B)/lib/posixaio.o $^
	$(Q)$(OBJCOPY) --localize-hidden $(B)/lib/posixaio.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(B)/lib/posixaio.o

# Measure the library beside glibc and fio's io_uring.
DIR	?= /var/tmp
MS	?= 1000
measures := $(addprefix $(B)/posix_aio/measure/,lists batches refuse)
$(measures): $(B)/%: %.c $(B)/flags
	$(call compile,$(HOSTED),$(LDFLAGS))
compare-aio: $(libposixaio) $(measures)
	$(Q)mkdir -p $(DIR)/posixaio.compare
	$(Q)trap : INT TERM; MS=$(MS) TIME=$(or $(TIME),900) sh posix_aio/measure/compare.sh \
		$(B) $(DIR)/posixaio.compare $(SETS); status=$$?; \
		rm -rf $(DIR)/posixaio.compare; exit $$status

# ---- iomodels ----

# The compiler does not write down a dependency on .incbin.
$(B)/log/report_html.o: log/page.html

$(B)/iomodels: $(filter-out %/explain_alone.o,$(objects))
	$(call say,LD,$@)
	$(Q)$(CC) $(HOSTED) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# The reader of traces without the models: for a log on any machine.
explain: $(B)/iomodels-explain
$(B)/iomodels-explain: $(alone)
	$(call say,LD,$@)
	$(Q)$(CC) $(HOSTED) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# version.h: "0.1", in a checkout "0.1+gdbd6d5c", "-dirty" when files differ.
$(B)/version.h: FORCE
	@mkdir -p $(@D)
	@commit=$$([ -e .git ] && \
		git describe --always --dirty --exclude '*' 2>/dev/null); \
	echo "#define VERSION \"$(VERSION)$${commit:++g$$commit}\"" >$@.new
	$(replace)

# about.inc: { "epoll", "level-triggered epoll, one thread" },
$(B)/about.inc: FORCE
	@mkdir -p $(@D)
	@awk 'FNR == 3 && sub(/^( \*|#|\/\/) [a-z0-9_]*\.[a-z]* - /, "") { \
		name = FILENAME; sub(/.*\//, "", name); \
		sub(/\.[a-z]*$$/, "", name); \
		gsub(/["\\]/, "\\\\&"); \
		printf "{ \"%s\", \"%s\" },\n", name, $$0 }' \
		/dev/null $(program_sources) $(script_sources) >$@.new
	$(replace)

# syscalls.inc: [0] = "read",  (aarch64 defines __NR_mmap as __NR3264_mmap, and
# __NR3264_mmap as 222.)
$(B)/syscalls.inc: Makefile
	@mkdir -p $(@D)
	@echo '#include <asm/unistd.h>' | $(CC) -E -dM -x c - | awk \
		'$$2 ~ /^__NR/ { is[$$2] = $$3 } END { for (call in is) { \
		n = is[call] in is ? is[is[call]] : is[call]; \
		if (call ~ /^__NR_/ && n ~ /^[0-9]+$$/) \
		printf "[%s] = \"%s\",\n", n, substr(call, 6) } }' | sort >$@

# ---- what is run ----

# The rest runs in a second make: only a make that starts after set-up finds
# the libraries that set-up has installed.
set_up	= @sh .ci/setup $(1) && rm -f $(B)/libs
again	= +@$(MAKE) --no-print-directory
demo:
	$(call set_up,demo)
	$(again) run-demo
test: deps
	$(again) check
deps:
	$(call set_up,test)

run-demo: all
	$(Q)$(B)/iomodels demo

compare:
	$(call set_up,compare)
	$(again) run-compare
kept	:= $(B)/compare$(if $(FILES),-files)
run-compare: all
	$(Q)$(if $(RESUME),,rm -rf $(kept).old; ! [ -e $(kept) ] || \
		mv $(kept) $(kept).old; )$(B)/iomodels compare \
		$(if $(FILES),--files,--standard) -o $(kept) \
		$(if $(RESUME),--resume)

results: all
	$(Q)$(if $(RESUME),,rm -rf $(B)/results.old; ! [ -e $(B)/results ] || \
		mv $(B)/results $(B)/results.old)
	$(Q)RESUME=$(RESUME) BUILD=$(B) python3 -B bench/results.py $(B)/results $(PARTS)

# From what is committed: nothing is built or run for it.  FRESH=1: from
# captures that are made now.
fresh	:= $(if $(FRESH),$(B)/traces)
book: $(if $(FRESH),all)
	@command -v python3 >/dev/null || { echo "make book: python3 is not" \
		"installed: apt-get install python3" >&2; exit 1; }
	$(if $(FRESH),$(Q)rm -rf $(fresh) && \
		$(B)/iomodels capture --traces $(fresh))
	$(Q)python3 -B book/book.py $(B)/book $(fresh)

traces: all
	$(Q)$(B)/iomodels capture --traces traces

# LeakSanitizer ends a program that strace follows.  A data race ends the test
# at once: ThreadSanitizer's own report at the end would come too late for a
# test that exits by itself.
tester	= $(Q)$(if $(ASAN),ASAN_OPTIONS=detect_leaks=0) $(if \
	    $(TSAN),TSAN_OPTIONS=halt_on_error=1) BUILD=$(B) \
	    JOBS=$(or $(JOBS),$(shell nproc)) sh

# The tests of one program; its captures and its row of docs/who-waits.md.
# (A name that is wrong is refused before everything is built.)
$(foreach name,$(patsubst test-%,%,$(filter test-%,$(MAKECMDGOALS))),$(if $(wildcard \
	models/$(name).c uring/$(name).c posix_aio/$(name).c),,$(error $(name): no \
	such program: iomodels list shows them)))
test-%: all tests
	$(tester) tests/model $*

add-%: all
	$(Q)$(B)/iomodels capture --traces traces $*
	$(Q)BUILD=$(B) sh .ci/readme $*

check-traces: all tests
	$(tester) tests/run $(B)/tests/capture/traces_test

# The other architectures: compiled and linked by whichever compiler is here,
# their freestanding tests run under qemu-user.
cross_args = $(if $(wildcard /usr/$(1)-linux-gnu/include/asm/unistd.h),$(if \
	$(shell command -v $(1)-linux-gnu-gcc),ARCH=$(1),$(if $(and $(shell \
	command -v clang),$(shell command -v ld.lld)),ARCH=$(1) LLVM=1)))
others	:= $(if $(cross),,$(filter-out $(HOST),$(arches)))

.PHONY: $(addprefix cross-,$(others))
$(addprefix cross-,$(others)): cross-%:
	+$(if $(call cross_args,$*),@$(MAKE) --no-print-directory \
		LLVM= $(call cross_args,$*) O=$(O) programs tests,@:)

cross_tests = $(foreach a,$(others),$(foreach t,$(filter-out \
	$(hosted_sources),$(test_sources)),$(a):$(O)/$(a)$(if $(filter \
	LLVM=1,$(call cross_args,$(a))),/clang)/$(t:.c=)))

script_tests := $(wildcard tests/*_test.sh tests/*/*_test.sh)
# These tests are started first, so that none of them runs alone at the end.
longest	:= $(filter $(patsubst %,$(B)/tests/models/%_test,flood models limits) \
	   tests/cli/compare_fail_test.sh,$(hosted_tests) $(script_tests))
check: all tests $(addprefix cross-,$(others))
	$(tester) tests/run $(longest) $(raw_tests) $(cross_tests) $(ours_tests) \
		$(filter-out $(longest),$(script_tests) $(hosted_tests)) \
		$(patsubst %,left-out:%,$(left_out))

# What ASAN=1 checks: the tests of log/, lab/, capture/, claims/, bench/, cli/, of
# libposixaio, and of the servers and file jobs on a library.  Left out are those of
# freestanding programs, which no sanitizer sees, those that wait for their clock, most
# captures of traces_test, each of which goes through the same code, and
# posixaio_held_test, which stops after each instruction.
hosted_scripts := $(filter-out %/aio_run_test.sh %/kill_test.sh %/manual_test.sh %/page_test.sh \
	%/linear_test.sh %_fail_test.sh %_answer_test.sh %_group_test.sh, \
	$(filter $(foreach d,log capture claims cli,tests/$(d)/%),$(script_tests)))
hosted_parts := $(filter-out %/traces_test %/readme_test, \
	$(filter $(foreach d,log capture bench cli,$(B)/tests/$(d)/%),$(hosted_tests)))
check-hosted: all tests
	$(tester) tests/run \
		$(foreach t,models limits,'$(B)/tests/models/$(t)_test *_liburing/* \
			posix_aio_server/*') \
		'$(B)/tests/models/file_jobs_test posix_aio_*/* libaio/*' \
		'$(B)/tests/capture/traces_test */epoll/* */posix_aio_uring/*' \
		$(filter-out %/posixaio_held_ours_test,$(ours_tests)) \
		$(hosted_scripts) $(hosted_parts) \
		$(B)/tests/uring/twins_test

# The tests of one piece of code each: they start neither servers nor iomodels.
unit_tests := $(filter $(B)/tests/log/% $(B)/tests/posix_aio/posixaio% \
	%/glibc_aio_test,$(filter-out %/own_captures_test,$(hosted_tests)))
check-unit: all tests
	$(tester) tests/run $(raw_tests) $(unit_tests) $(ours_tests)

# What a browser shows: the book, and the page of explain --html.
check-pages: all
	$(tester) tests/run $(wildcard tests/book/*_test.sh) tests/cli/page_test.sh

check-aio: $(ours_tests) $(libposixaio)
	$(tester) tests/run $(ours_tests)

# Faults put into the programs, one at a time; M='epoll_*' takes some of them,
# SAMPLE=60 60 at random, TIME=450 as many as there is time for.
mutants: all tests
	$(Q)BUILD=$(B) CC='$(CC)' RAW='$(RAW) $(CPPFLAGS) $(CFLAGS)' \
		HOSTED='-std=gnu11 -D_GNU_SOURCE -pthread $(CPPFLAGS) $(CFLAGS)' \
		AIO='$(AIO) $(CPPFLAGS) $(CFLAGS)' OBJCOPY='$(OBJCOPY)' \
		SAMPLE='$(SAMPLE)' SEED='$(SEED)' TIME='$(TIME)' \
		sh tests/mutants/run $(if $(M),'$(M)')

# Long: a minute or more.
soak: all tests
	$(Q)IOMODELS_SOAK=1 $(B)/tests/models/models_test '*/crowd/*' '*/nothing_grows'
	$(Q)IOMODELS_SOAK=1 $(B)/tests/models/file_jobs_test '*/gigabyte'
	$(Q)IOMODELS_SOAK=1 $(B)/tests/log/own_captures_test '*/*'

# One failed system call costs one connection only: check-faults tries some of the
# cells (docs/faults.md), soak-faults all.
check-faults: all tests
	$(Q)IOMODELS_FAULTS=6 $(B)/tests/models/faults_test

soak-faults: all tests
	$(Q)IOMODELS_FAULTS=all $(B)/tests/models/faults_test
	$(Q)IOMODELS_SOAK=1 $(B)/tests/models/flood_test

# Subcommands killed at 50 moments by each signal: half an hour.
soak-kills: all
	$(Q)KILLS=50 BUILD=$(B) sh tests/cli/kill_test.sh

soak-compare: all tests
	$(Q)BUILD=$(B) sh tests/bench/soak.sh

layouts: all
	$(Q)BUILD=$(B) sh tests/bench/layouts.sh

soak-aio: all tests
	$(Q)IOMODELS_SOAK=600 $(B)/tests/posix_aio/posixaio_stress_ours_test

# The freestanding tests once more with libc's wrappers instead of ours: a
# difference is a bug in one of the two.
libc_tests := $(patsubst $(B)/%,$(B)/libc/%,$(raw_tests))
$(libc_tests): $(B)/libc/%: %.c $(B)/flags
	$(call compile,$(HOSTED) -DWITH_LIBC $(named),$(LDFLAGS))

check-libc: $(libc_tests)
	$(tester) tests/run $(libc_tests)

install: install-iomodels install-posixaio

install-iomodels: programs $(iomodels)
	install -d '$(DESTDIR)$(bindir)' '$(DESTDIR)$(libexecdir)/iomodels'
	install $(B)/iomodels '$(DESTDIR)$(bindir)'
	install $(programs) '$(DESTDIR)$(libexecdir)/iomodels'
	install -D -m 644 cli/completion/iomodels.bash \
		'$(DESTDIR)$(datadir)/bash-completion/completions/iomodels'
	install -D -m 644 cli/completion/_iomodels \
		'$(DESTDIR)$(zshdir)/_iomodels'
	install -D -m 644 cli/completion/iomodels.fish \
		'$(DESTDIR)$(datadir)/fish/vendor_completions.d/iomodels.fish'
	if command -v help2man >/dev/null; then \
		sh cli/manual/make $(B) && \
		install -d '$(DESTDIR)$(mandir)/man1' && \
		install -m 644 $(B)/man/*.1 '$(DESTDIR)$(mandir)/man1'; \
	else echo "  left out: the manual pages, help2man is not installed"; fi

# The manual pages, from --help.
man: $(iomodels)
	$(Q)sh cli/manual/make $(B)

# The library alone, for another processor, too, if its libc is here.  ldconfig
# changes the cache of this machine, so it does not run with DESTDIR.
lib: $(aio_library)
ifneq ($(and $(cross),$(filter lib install-posixaio,$(MAKECMDGOALS))),)
ifneq ($(shell $(CC) $(CPPFLAGS) -E -include aio.h -x c /dev/null >/dev/null \
	2>&1 || echo none),)
$(error $(CC) does not find the C library of $(ARCH): as root, apt-get install \
	libc6-dev-$(ARCH:aarch64=arm64)-cross, or set SYSROOT)
endif
endif
install-posixaio: lib
	install -d '$(DESTDIR)$(libdir)/pkgconfig' '$(DESTDIR)$(mandir)/man7' \
		'$(DESTDIR)$(includedir)'
	install -m 644 posix_aio/lib/posixaio_ext.h '$(DESTDIR)$(includedir)'
	install -m 644 $(B)/lib/libposixaio.so.0 $(B)/lib/libposixaio.a \
		'$(DESTDIR)$(libdir)'
	ln -sf libposixaio.so.0 '$(DESTDIR)$(libdir)/libposixaio.so'
	install -m 644 posix_aio/lib/posixaio.7 '$(DESTDIR)$(mandir)/man7'
	printf '%s\n' 'prefix=$(prefix)' 'libdir=$(libdir)' '' \
		'Name: libposixaio' 'Version: $(VERSION)' \
		'Description: POSIX AIO (aio.h) on io_uring and threads' \
		'Cflags: -I$(includedir) -pthread' 'Libs: -L$${libdir} -lposixaio -pthread' \
		>'$(DESTDIR)$(libdir)/pkgconfig/libposixaio.pc'
	$(if $(DESTDIR),,-ldconfig)

uninstall:
	rm -f '$(DESTDIR)$(bindir)/iomodels' '$(DESTDIR)$(libdir)'/libposixaio.* \
		'$(DESTDIR)$(libdir)/pkgconfig/libposixaio.pc' \
		'$(DESTDIR)$(mandir)/man7/posixaio.7' \
		'$(DESTDIR)$(includedir)/posixaio_ext.h' \
		'$(DESTDIR)$(mandir)'/man1/iomodels*.1 \
		'$(DESTDIR)$(datadir)/bash-completion/completions/iomodels' \
		'$(DESTDIR)$(zshdir)/_iomodels' \
		'$(DESTDIR)$(datadir)/fish/vendor_completions.d/iomodels.fish'
	rm -rf '$(DESTDIR)$(libexecdir)/iomodels'

# Debian packages, tried in a fresh chroot: debian/try tells more.
packages:
	@sh debian/try $(O)/packages $(SUITES)

# A machine with a kernel that is not this one; vm/vm tells more.
# The shell in the machine expands a "$" in RUN; make and the shell here do not.
ifdef RUN
override RUN := $(value RUN)
endif
export RUN WITH KERNEL
vm:
	@sh .ci/setup vm
	+@MAKE='$(MAKE)' sh vm/vm -a $(ARCH) -b $(O) $${OUT:+-o "$$OUT"} \
		$${RUN:+"$$RUN"}
vm-test:
	@sh .ci/setup vm
	+@MAKE='$(MAKE)' sh vm/test $(O)
# docs/kernels.md
kernels:
	@sh .ci/setup vm
	+@MAKE='$(MAKE)' sh vm/kernels $(O) $(KERNELS)
tables: $(iomodels)
	@sh claims/tables $(O)

# The reader under libFuzzer, a crash leaves its input in $(B)/fuzz.  Most of the
# time would go into libFuzzer's own accounts of rare features (-entropic=0) and of
# the values that the code compares (trace-cmp; the dictionary has the words).
# FUZZ_UNDER="taskset -c 1": it has a processor of its own.
SECONDS	?= 60
FUZZ_UNDER ?= nice -n 19
fuzz_flags := -g -O1 -fsanitize=fuzzer,address,undefined \
	      -fno-sanitize-coverage=trace-cmp \
	-fno-sanitize-recover=all -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION \
	$(HOSTED)
fuzz_log := $(patsubst log/%.c,$(B)/fuzz/log/%.o,$(wildcard log/*.c))
$(fuzz_log): $(B)/fuzz/log/%.o: log/%.c $(wildcard log/*.h) | $(B)/about.inc
	$(Q)mkdir -p $(@D)
	$(Q)clang $(fuzz_flags) -c -o $@ $<
compile_fuzzer = $(Q)clang $(fuzz_flags) -o $(B)/fuzz/$(1) \
	tests/fuzz/$(1).c $(fuzz_log) $(2)
# The inputs are short: the time of an execution grows with its lines.
run_fuzzer = cd $(B)/fuzz && $(FUZZ_UNDER) ./$(1) -max_len=$(2) -entropic=0 \
	-use_value_profile=0 -reload=0 -timeout=60 \
	-max_total_time=$(SECONDS) \
	$(if $(RUNS),-runs=$(RUNS)) \
	-print_final_stats=1 -dict=$(3)
fuzz_dict = $(CURDIR)/tests/fuzz/log.dict
# What a fuzzer leaves that no longer runs; another one may run meanwhile.
fuzz_ends = status=$$?; for f in /dev/shm/iomodels-$(1)-[0-9]*; do \
	pid=$${f\#\#*-}; [ -d /proc/$${pid%%.*} ] || rm -rf $$f; done; exit $$status
fuzz: $(fuzz_log)
	$(Q)mkdir -p $(B)/fuzz/corpus $(B)/fuzz/kinds
	$(Q)awk -v dir=$(B)/fuzz/kinds -f tests/fuzz/kinds.awk tests/log/kinds.txt
	$(call compile_fuzzer,explain_fuzz)
	$(Q)$(call run_fuzzer,explain_fuzz,500,$(fuzz_dict)) corpus \
		kinds $(addprefix $(CURDIR)/,tests/fuzz/lines tests/corpus traces)

# The same for a capture's folder.
fuzz-folder: $(fuzz_log)
	$(Q)mkdir -p $(B)/fuzz/folders $(B)/fuzz/captures
	$(Q)awk -v dir=$(B)/fuzz/captures -f tests/fuzz/folders.awk \
		tests/fuzz/seeds/*
	$(call compile_fuzzer,folder_fuzz)
	$(Q)$(call run_fuzzer,folder_fuzz,1500,$(fuzz_dict)) folders captures \
		$(CURDIR)/tests/fuzz/captures; $(call fuzz_ends,folder_fuzz)

# The same for a log as it is pasted, packed or put together.
fuzz-format: $(iomodels) $(fuzz_log)
	$(Q)mkdir -p $(B)/fuzz/formats $(B)/fuzz/forms
	$(Q)BUILD=$(B) LOG=tests/fuzz/forms/log FORMS=$(B)/fuzz/forms \
		sh tests/log/input_test.sh >/dev/null
	$(call compile_fuzzer,format_fuzz,-ldl)
	$(Q)$(call run_fuzzer,format_fuzz,1000,$(fuzz_dict)) formats forms \
		$(CURDIR)/tests/fuzz/forms; $(call fuzz_ends,format_fuzz)

# Command lines; the words of the dictionary are the options of --help.
fuzz-command: $(iomodels) $(fuzz_log)
	$(Q)mkdir -p $(B)/fuzz/commands
	$(Q)for c in $$($(B)/iomodels --help | sed -n 's/^  \([a-z-]*\)  .*/\1/p'); do \
		echo "\"$$c\\x0a\""; printf '%s\n' $$c --help \
			>$(B)/fuzz/commands/$$c; \
		for o in $$($(B)/iomodels $$c --help | \
			grep -oe '--[a-z-]*=*'); do echo "\"$$o\""; \
			printf '%s\n' $$c $${o}7 poll >$(B)/fuzz/commands/$$c$$o; \
		done; done | sort -u >$(B)/fuzz/command.dict
	$(Q)$(B)/iomodels list | sed -n 's/^ *\([a-z_][a-z_]*\)  .*/"\1"/p' \
		>>$(B)/fuzz/command.dict
	$(Q)clang $(fuzz_flags) -Dmain=iomodels_main -c -o $(B)/fuzz/main.o \
		cli/main.c
	$(call compile_fuzzer,command_fuzz,$(B)/fuzz/main.o \
		$(filter-out %/main.c,$(cli_sources)) \
		$(filter-out log/%,$(part_sources)) $(addprefix \
		-Wl$(comma)--wrap=,argp_parse argp_error argp_failure \
		argp_usage argp_state_help exit _exit atexit))
	$(Q)export ASAN_OPTIONS=detect_leaks=0; \
		$(call run_fuzzer,command_fuzz,300,command.dict) -len_control=0 \
		-detect_leaks=0 commands; \
		$(call fuzz_ends,command_fuzz)

clean:
	rm -rf $(O)

# One line per source: how it is compiled.
entry = printf '{"directory": "%s", "file": "%s", "command": "%s"},\n' \
	'$(CURDIR)' $$f "$(CC) $(1) $(WARN) -c $$f"
compile_commands.json: FORCE
	@mkdir -p $(O)
	@{ for f in $(filter-out $(hosted_sources),$(program_sources) \
		$(test_sources)); do $(call entry,$(RAW) -Itests); done; \
	for f in $(hosted_sources) $(part_sources) $(cli_sources); do \
		$(call entry,-std=gnu11 -D_GNU_SOURCE $(INCLUDE) \
		-Itests); done; } | \
		sed '1s/^/[\n/; $$s/,$$/\n]/' | tr -d '\t' >$(O)/$@

help:
	@sed -n '/^#/!q;s/^# \{0,1\}//p' Makefile

-include $(wildcard $(addsuffix .d,$(raw) $(hosted) $(objects) $(libc_tests) \
	$(aio_objects) $(hosted_tests:%=%.o) $(ours_tests:%=%.o)))
