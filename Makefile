# SPDX-License-Identifier: BSD-2-Clause
# The front door. `make demo` shows the main job, `make test` runs the tests.
BUILD  ?= build
PREFIX ?= /usr/local
# Where Debian's loader looks. Left to itself meson asks dpkg-dev, which new machines do not have.
LIBDIR ?= $(addprefix lib/,$(shell $(CC) -print-multiarch 2>/dev/null))
LAYOUT = --prefix=$(PREFIX) $(if $(LIBDIR),--libdir=$(LIBDIR))

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@scripts/need build
	meson setup $(BUILD) $(LAYOUT)

# Kinds being filled, live in the terminal, and build/demo/index.html.
demo:
	@scripts/need build guest
	@$(MAKE) --no-print-directory all
	python3 examples/demo/demo.py --build $(BUILD) $(DEMO)

# What needs no virtual machine, and no program that somebody else made.
test:
	@scripts/need build test
	@$(MAKE) --no-print-directory all
	@status=0; meson test -C $(BUILD) --no-rebuild --print-errorlogs $(TEST) || status=$$?; \
	echo "Left out: the virtual machines with real kmem nodes (make test-vm)," \
	     "real programs under the preload libraries (make test-programs)," \
	     "static analysis, sanitizers and arm64 (make check)."; \
	scripts/summary $(BUILD)/meson-logs/testlog.json || status=1; exit $$status

# Real kmem nodes in virtual machines, on both kernels: 13 minutes with TEST_VM="--jobs 2".
test-vm:
	@scripts/need build guest system
	@$(MAKE) --no-print-directory all
	python3 tests/system/run.py --library $(BUILD)/src/api $(TEST_VM)

# Programs from bash to postgres under each preload library, beside glibc's malloc: five minutes.
test-programs:
	@scripts/need build programs
	@$(MAKE) --no-print-directory all
	python3 -B tests/programs/run.py --build $(BUILD) $(TEST_PROGRAMS)

# Everything that should never happen, for hours, in one table; in some minutes: CAMPAIGN=--short.
campaign:
	@scripts/need build test guest system check
	@$(MAKE) --no-print-directory all
	python3 -B tests/campaign/run.py --build $(BUILD) $(CAMPAIGN)

# Debian packages in build/deb, to be installed with apt-get install ./build/deb/*.deb.
packages:
	@scripts/need build packages
	scripts/packages-deb

# Packages, Debian's and RPM's, are built, checked, and replace those of libmemkind 1.14 in a copy of
# the machine's files: three minutes.
test-packages:
	@scripts/need build packages test-packages
	python3 -B tests/packages/run.py $(TEST_PACKAGES)

# Format, layers, static analysis, both compilers, sanitizers, exports, arm64.
check:
	scripts/check $(CHECK)

# Our kinds and other allocators side by side, in build/bench/index.html; longer: BENCH=--full.
bench:
	@scripts/need build bench
	python3 bench/run.py $(BENCH)

# PREFIX, LIBDIR and DESTDIR may differ from call to call. The loader is told of what root installs.
install: $(BUILD)/build.ninja
	meson configure $(BUILD) $(LAYOUT)
	ninja -C $(BUILD)
	DESTDIR=$(DESTDIR) meson install -C $(BUILD) --no-rebuild
	@cat $(BUILD)/meson-logs/install-log.txt >>$(BUILD)/installed.txt
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" -ne 0 ] || ldconfig

# What install put there with the same PREFIX, LIBDIR and DESTDIR.
uninstall: $(BUILD)/build.ninja
	meson configure $(BUILD) $(LAYOUT)
	ninja -C $(BUILD) build.ninja >/dev/null
	scripts/uninstall $(BUILD) $(DESTDIR)
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" -ne 0 ] || ldconfig

clean:
	rm -rf $(BUILD)

.PHONY: all demo test test-vm test-programs campaign packages test-packages check bench install uninstall clean
