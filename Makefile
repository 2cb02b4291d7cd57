# For developers; users have ./build.sh. Quiet unless V=1.
#
#   make                              ./poison
#   make check                        all tests
#   make SAN=address,undefined check  the same under sanitizers, in a build folder of its own
#   make fuzz FUZZ_SECONDS=60         seven fuzzers for files and words from strangers, by clang
#   make bench                        measurements beside others (bench/); BENCH=full: all of MNIST
#   make lib                          libpoison.so.*, libpoison.a and poison.pc, in the build folder
#   make install DESTDIR= PREFIX= LIBDIR=     and `make uninstall`
#   make CC=aarch64-linux-gnu-gcc program=poison-arm64      for another machine (test/arm64)

CC ?= gcc
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
SAN ?=
V ?=

comma := ,
Q := $(if $(V),,@)
say := @$(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,echo)
build := build/$(notdir $(CC))$(if $(SAN),-$(subst $(comma),-,$(SAN)))
program := $(if $(SAN)$(findstring clang,$(CC)),$(build)/poison,poison)

# ---- what the system has. OpenBLAS: the archive of its OpenMP build if it is there
triplet := $(shell $(CC) -print-multiarch 2>/dev/null)
openblas_dir := $(wildcard /usr/lib/$(triplet)/openblas-openmp)
openblas_archive := $(wildcard $(openblas_dir)/libopenblas.a)
openblas_headers := /usr/include/$(triplet)/openblas-openmp
packaged = $(shell pkg-config --$(1) openblas 2>/dev/null)
OPENBLAS_CFLAGS ?= $(if $(openblas_archive),-I$(openblas_headers),$(call packaged,cflags))
OPENBLAS_LIBS ?= $(if $(openblas_archive),$(openblas_archive) -lpthread,$(found_openblas))
found_openblas = $(or $(call packaged,libs),-lopenblas)
# 1, or nothing: whether a program with this header and this value links with this library
links = $(shell printf '\043include <$(1)>\nint main(void) { return !$(2)(); }' | \
	$(CC) $(CPPFLAGS) $(LDFLAGS) -x c - -o /dev/null $(3) 2>/dev/null && echo 1)
ZLIB ?= $(call links,zlib.h,zlibVersion,-lz)
LIBPNG ?= $(call links,png.h,png_access_version_number,-lpng)
ZLIB := $(ZLIB)
LIBPNG := $(LIBPNG)

# ---- flags. Hardening comes before the user's own flags, which may take it back; what carries the
# results' exactness follows them.
# glibc's checks (_FORTIFY_SOURCE) need an optimiser; sanitizers have better ones.
optimised := $(filter-out -O0,$(lastword $(filter -O%,$(CFLAGS))))
fortified := $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,\
	$(if $(optimised),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
hard := -fPIC -fvisibility=hidden -fno-semantic-interposition \
	$(if $(SAN),,-fstack-protector-strong $(fortified))
hard_link := -Wl,-z,relro,-z,now,-z,noexecstack
warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wconversion \
	-Wno-sign-conversion
ours := -std=gnu11 -I. $(OPENBLAS_CFLAGS) $(if $(ZLIB),-DPOISON_ZLIB) $(if $(LIBPNG),-DPOISON_PNG) \
	-fopenmp -fno-omit-frame-pointer -MMD -MP $(warnings) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all)
exact := -ffp-contract=off -fno-fast-math -fno-unsafe-math-optimizations
libs := $(OPENBLAS_LIBS) $(if $(LIBPNG),-lpng) $(if $(ZLIB),-lz) -lm

# ---- the floors of src/, in the order of src/README.md's list: each is compiled with -I of itself
# and of those above it there
floors := base data svm attack lab picture cli
# up_to,FLOOR,FLOORS: those from the first up to this one
up_to = $(firstword $(2)) \
	$(if $(filter $(1),$(firstword $(2))),,$(call up_to,$(1),$(wordlist 2,99,$(2))))
floor = $(or $(filter $(floors),$(notdir $(patsubst %/,%,$(dir $(1))))),cli)
includes = $(foreach f,$(call up_to,$(call floor,$(1)),$(floors)),-Isrc/$(f) -I$(build)/src/$(f))

compile = $(CC) $(CPPFLAGS) $(hard) $(CFLAGS) $(ours) $(call includes,$<) $(exact)
link = $(CC) $(hard) $(hard_link) -pie $(CFLAGS) $(ours) $(exact) $(LDFLAGS)

sources := poison.c $(foreach f,$(floors),$(wildcard src/$(f)/*.c))
objects := $(sources:%.c=$(build)/%.o)

all: $(program)

# Style sheets, shell code and prose are files: `#include "page.css.inc"` is one as a C string.
embedded := $(patsubst %,$(build)/%.inc,\
	$(wildcard $(foreach f,$(floors),$(addprefix src/$(f)/*.,css sh txt))))
$(objects): | $(embedded)

$(build)/%.inc: %
	@mkdir -p $(@D)
	$(Q)sed 's/\\/\\\\/g; s/"/\\"/g; s/\t/\\t/g; s/^/"/; s/$$/\\n"/' $< >$@

static_openblas := $(and $(openblas_archive),$(filter file,$(origin OPENBLAS_LIBS)))
what_openblas := $(if $(static_openblas),its OpenMP build$(comma) static,$(OPENBLAS_LIBS))
what_zlib := $(if $(ZLIB),yes,no$(comma) gzipped files will not be read)
what_libpng := $(if $(LIBPNG),yes,no$(comma) no sheets$(comma) no pictures in reports)

$(program): $(objects)
	@echo "  LINK    $@ (OpenBLAS: $(what_openblas); zlib: $(what_zlib); libpng: $(what_libpng))"
	$(Q)$(link) -o $@ $^ $(libs)

$(build)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(say) "  CC      $<"
	$(Q)$(compile) -c -o $@ $<

# ---- the library: what the functions of poison.h need, as one object that shows only their names
library_floors := $(call up_to,attack,$(floors))
library := $(patsubst %.c,$(build)/%.o,$(foreach f,$(library_floors),$(wildcard src/$(f)/*.c)))
version := $(shell sed -n 's/^\#define POISON_VERSION "\(.*\)"/\1/p' poison.h)
soname := libpoison.so.$(firstword $(subst ., ,$(version)))
shared := $(build)/libpoison.so.$(version)
archive := $(build)/libpoison.a
library_libs := $(OPENBLAS_LIBS) $(if $(ZLIB),-lz) -lm
OBJCOPY ?= $(shell $(CC) -print-prog-name=objcopy)
ifeq ($(origin AR),default)
AR := $(shell $(CC) -print-prog-name=ar)
endif

lib: $(shared) $(archive) $(build)/poison.pc

# -d: what several files may define (OpenMP's locks) gets its place here, so that it can be hidden.
$(build)/libpoison.o: $(library)
	$(Q)$(CC) -r -nostdlib -Wl,-d -o $@ $^
	$(Q)$(OBJCOPY) --localize-hidden --wildcard --keep-global-symbol='poison_*' $@

$(archive): $(build)/libpoison.o
	$(say) "  AR      $@"
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $<

# A static OpenBLAS stays inside, unseen (--exclude-libs).
$(shared): $(build)/libpoison.o
	$(say) "  LINK    $@"
	$(Q)$(CC) $(hard) $(hard_link) $(CFLAGS) $(ours) $(exact) $(LDFLAGS) -shared \
		-Wl,-soname,$(soname),-Bsymbolic-functions,--exclude-libs,ALL \
		$(if $(SAN),,-Wl,-z,defs) -o $@ $< $(library_libs)

define pkgconfig
prefix=$(PREFIX)
libdir=$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))
includedir=$${prefix}/include

Name: poison
Description: support vector machines whose training labels may be changed cheaply
Version: $(version)
Libs: -L$${libdir} -lpoison
Libs.private: $(library_libs) -fopenmp
Cflags: -I$${includedir}
endef

# Made at each run, since it holds the folders of this one.
$(build)/poison.pc: force
	@mkdir -p $(@D)
	$(file >$@,$(pkgconfig))

# ---- tests: unit tests link all but poison.c
units := $(patsubst test/%.c,$(build)/test/%,$(wildcard test/*_test.c))

$(build)/test/%: $(build)/test/%.o $(filter-out $(build)/poison.o,$(objects))
	$(say) "  LINK    $@"
	$(Q)$(link) -o $@ $^ $(libs) -lcmocka

# test/faults: all with poison.c, whose calls by these names become calls of fault_NAME
faulty := malloc calloc realloc posix_memalign free strdup strndup asprintf __asprintf_chk \
	realpath fopencookie fmemopen fdopen inflateInit2_ inflateEnd fopen tmpfile fclose fflush \
	fsync fchmod linkat rename renameat2 mkdir open ftruncate flock lseek read write fork

$(build)/faulty/%.o: $(build)/%.o
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) --redefine-sym main=poison_main \
		$(foreach f,$(faulty),--redefine-sym $(f)=fault_$(f)) $< $@

$(build)/test/faults: $(build)/test/faults.o $(objects:$(build)/%=$(build)/faulty/%)
	$(say) "  LINK    $@"
	$(Q)$(CC) $(CFLAGS) $(ours) $(exact) $(LDFLAGS) -o $@ $^ $(libs) -lcmocka

# Thousands of forks are dear under sanitizers: `make SAN=... faults` runs it, `check` does not.
checks := $(units) $(if $(SAN),,$(build)/test/faults)

faults: $(build)/test/faults
	$(Q)$<

tests: $(program) $(checks)

check: tests
	$(Q)BUILD=$(build) test/run $(program) $(checks)

# ---- fuzzers: one program, which acts by the name it is called by; all of poison.c is in it
doors := idx table libsvm model flips journal options
FUZZ_SECONDS ?= 60

fuzz: $(program)
	$(Q)$(MAKE) --no-print-directory CC=clang SAN=fuzzer-no-link,address,undefined fuzzers
	$(Q)test/fuzz $(program) build/clang-fuzzer-no-link-address-undefined/fuzz- $(FUZZ_SECONDS) \
		$(doors)

fuzzers: $(doors:%=$(build)/fuzz-%)

$(build)/fuzz-%: $(build)/fuzzer
	$(Q)ln -sf fuzzer $@

$(build)/fuzzer: $(build)/test/fuzz.o $(filter-out $(build)/poison.o,$(objects))
	$(say) "  LINK    $@"
	$(Q)$(CC) $(CFLAGS) $(ours) $(exact) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(libs)

bench: $(program) $(build)/bench/exp
	$(Q)bench/speed
	$(Q)bench/step
	$(Q)$(build)/bench/exp

$(build)/bench/exp: $(build)/bench/exp.o $(filter-out $(build)/poison.o,$(objects))
	$(say) "  LINK    $@"
	$(Q)$(link) -o $@ $^ $(libs)

# What the program says about itself, as a file below share.
define install_text
install -d $(dir $(DESTDIR)$(PREFIX)/share/$(2))
./$(program) $(1) >$(DESTDIR)$(PREFIX)/share/$(2)
chmod 644 $(DESTDIR)$(PREFIX)/share/$(2)
endef

# Folders of DESTDIR
bindir := $(DESTDIR)$(PREFIX)/bin
libdir := $(DESTDIR)$(LIBDIR)
headers := $(DESTDIR)$(PREFIX)/include

install: $(program) lib
	install -D -m 755 $(program) $(bindir)/poison
	install -D -m 644 poison.h $(headers)/poison.h
	install -D -m 644 $(archive) $(libdir)/libpoison.a
	install -D -m 755 $(shared) $(libdir)/$(notdir $(shared))
	ln -sf $(notdir $(shared)) $(libdir)/$(soname)
	ln -sf $(soname) $(libdir)/libpoison.so
	install -D -m 644 $(build)/poison.pc $(libdir)/pkgconfig/poison.pc
	$(call install_text,help --man,man/man1/poison.1)
	$(call install_text,completions bash,bash-completion/completions/poison)
	$(call install_text,completions zsh,zsh/site-functions/_poison)

uninstall:
	rm -f $(bindir)/poison $(headers)/poison.h $(libdir)/libpoison.a $(libdir)/libpoison.so \
		$(libdir)/$(soname) $(libdir)/$(notdir $(shared)) $(libdir)/pkgconfig/poison.pc \
		$(addprefix $(DESTDIR)$(PREFIX)/share/,man/man1/poison.1 \
		bash-completion/completions/poison zsh/site-functions/_poison)

-include $(objects:.o=.d) $(units:=.d) $(patsubst %,$(build)/%.d,bench/exp test/fuzz test/faults)

clean:
	rm -rf build poison

.PHONY: all lib tests check faults fuzz fuzzers bench install uninstall clean force
.SECONDARY:
.DELETE_ON_ERROR:
