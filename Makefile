# For developers; users have ./build.sh. Quiet unless V=1.
#
#   make                              ./poison
#   make check                        all tests
#   make SAN=address,undefined check  the same under sanitizers, in a build folder of its own
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

# test/faults: all with poison.c, whose calls by these names become calls of fault_NAME (test/faults.c says why)
OBJCOPY ?= $(shell $(CC) -print-prog-name=objcopy)
faulty := malloc calloc realloc posix_memalign free strdup strndup asprintf realpath fopencookie fmemopen fdopen gzdopen gzclose \
	fopen tmpfile fclose fflush fsync fchmod rename renameat2 mkstemp mkdir open ftruncate flock lseek read fork

$(build)/faulty/%.o: $(build)/%.o
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) --redefine-sym main=poison_main $(foreach f,$(faulty),--redefine-sym $(f)=fault_$(f)) $< $@

$(build)/test/faults: $(build)/test/faults.o $(objects:$(build)/%=$(build)/faulty/%)
	$(say) "  LINK    $@"
	$(Q)$(CC) $(CFLAGS) $(ours) $(exact) $(LDFLAGS) -o $@ $^ $(libs) -lcmocka

check: $(program) $(units) $(build)/test/faults
	$(Q)test/run $(program) $(units) $(build)/test/faults

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

-include $(objects:.o=.d) $(units:=.d) $(build)/test/faults.d $(build)/bench/exp.d

clean:
	rm -rf build poison

.PHONY: all check bench install clean
.SECONDARY:
.DELETE_ON_ERROR:
