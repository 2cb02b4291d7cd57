# For developers; users have ./build.sh. Quiet unless V=1.
#
#   make                              ./poison
#   make check                        all tests
#   make SAN=address,undefined check  the same under sanitizers, in a build folder of its own
#   make fuzz FUZZ_SECONDS=60       seven fuzzers for files and words from strangers (test/fuzz.c), by clang
#   make bench                        measurements beside other programs (bench/); BENCH=full: with all of MNIST
#   make install DESTDIR= PREFIX=

CC ?= gcc
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
SAN ?=
V ?=

comma := ,
Q := $(if $(V),,@)
say := @$(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,echo)
build := build/$(notdir $(CC))$(if $(SAN),-$(subst $(comma),-,$(SAN)))
program := $(if $(SAN)$(findstring clang,$(CC)),$(build)/poison,poison)

# ---- what the system has. OpenBLAS: the archive of the OpenMP build if it is there, else whatever -lopenblas is.
triplet := $(shell $(CC) -print-multiarch 2>/dev/null)
openblas_dir := $(wildcard /usr/lib/$(triplet)/openblas-openmp)
openblas_archive := $(wildcard $(openblas_dir)/libopenblas.a)
OPENBLAS_CFLAGS ?= $(if $(openblas_archive),-I/usr/include/$(triplet)/openblas-openmp,$(shell pkg-config --cflags openblas 2>/dev/null))
OPENBLAS_LIBS ?= $(if $(openblas_archive),$(openblas_archive) -lpthread,$(or $(shell pkg-config --libs openblas 2>/dev/null),-lopenblas))
ZLIB ?= $(shell printf '\043include <zlib.h>\nint main(void) { return !zlibVersion(); }' | $(CC) -x c - -o /dev/null -lz 2>/dev/null && echo 1)
LIBPNG ?= $(shell printf '\043include <png.h>\nint main(void) { return !png_access_version_number(); }' | $(CC) -x c - -o /dev/null -lpng 2>/dev/null && echo 1)

# ---- flags. The last ones carry the results' exactness and so follow the user's own.
warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wconversion -Wno-sign-conversion
ours := -std=gnu11 -I. -Isrc $(OPENBLAS_CFLAGS) $(if $(ZLIB),-DPOISON_ZLIB) $(if $(LIBPNG),-DPOISON_PNG) -fopenmp -fno-omit-frame-pointer -MMD -MP $(warnings) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all)
exact := -ffp-contract=off -fno-fast-math -fno-unsafe-math-optimizations
libs := $(OPENBLAS_LIBS) $(if $(LIBPNG),-lpng) $(if $(ZLIB),-lz) -lm

sources := poison.c $(wildcard src/*.c)
objects := $(sources:%.c=$(build)/%.o)

all: $(program)

$(program): $(objects)
	@echo "  LINK    $@ (OpenBLAS: $(if $(openblas_archive),its OpenMP build$(comma) static,$(OPENBLAS_LIBS)); zlib: $(if $(ZLIB),yes,no$(comma) gzipped files will not be read); libpng: $(if $(LIBPNG),yes,no$(comma) show writes no sheets))"
	$(Q)$(CC) $(CFLAGS) $(ours) $(exact) $(LDFLAGS) -o $@ $^ $(libs)

$(build)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(say) "  CC      $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(ours) $(exact) -c -o $@ $<

# ---- tests: unit tests link all but poison.c
units := $(patsubst test/%.c,$(build)/test/%,$(wildcard test/*_test.c))

$(build)/test/%: $(build)/test/%.o $(filter-out $(build)/poison.o,$(objects))
	$(say) "  LINK    $@"
	$(Q)$(CC) $(CFLAGS) $(ours) $(exact) $(LDFLAGS) -o $@ $^ $(libs) -lcmocka

check: $(program) $(units)
	$(Q)test/run $(program) $(units)

# ---- fuzzers: one program, which acts by the name it is called by; all of poison.c is in it
doors := idx table libsvm model flips journal options
FUZZ_SECONDS ?= 60

fuzz: $(program)
	$(Q)$(MAKE) --no-print-directory CC=clang SAN=fuzzer-no-link,address,undefined fuzzers
	$(Q)test/fuzz $(program) build/clang-fuzzer-no-link-address-undefined/fuzz- $(FUZZ_SECONDS) $(doors)

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
	$(Q)$(CC) $(CFLAGS) $(ours) $(exact) $(LDFLAGS) -o $@ $^ $(libs)

# What the program says about itself, as a file below share.
define install_text
install -d $(dir $(DESTDIR)$(PREFIX)/share/$(2))
./$(program) $(1) >$(DESTDIR)$(PREFIX)/share/$(2)
chmod 644 $(DESTDIR)$(PREFIX)/share/$(2)
endef

install: $(program)
	install -D -m 755 $(program) $(DESTDIR)$(PREFIX)/bin/poison
	$(call install_text,help --man,man/man1/poison.1)
	$(call install_text,completions bash,bash-completion/completions/poison)
	$(call install_text,completions zsh,zsh/site-functions/_poison)

-include $(objects:.o=.d) $(units:=.d) $(build)/bench/exp.d $(build)/test/fuzz.d

clean:
	rm -rf build poison

.PHONY: all check fuzz fuzzers bench install clean
.SECONDARY:
.DELETE_ON_ERROR:
