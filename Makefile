# SPDX-License-Identifier: GPL-2.0-or-later
#
# make           the module for the running kernel (or KERNELDIR=…), the agent, the tools
# make install   … into place (DESTDIR= PREFIX=/usr)
# make deb       Debian packages (agent and tools; module by dkms) in build/deb
# make demo      two sites talk, in a guest of the lab, told step by step
# make check     the tests
# make check-long  every test under every kernel: some hours
# make lint      only the checks of the source text
# make lab       fetch and build all that the two above need, ahead of time
# make bench     instructions per packet, beside other tunnels (K=6.1)
# make bench-profile  where they go, function by function
# make clean
#
# demo, check and lint want root on Debian 12 or 13 and nothing else: they work
# in the lab (selftests/lab/README.md), which brings its own kernels.

KERNELDIR ?= /lib/modules/$(shell uname -r)/build
O ?= $(CURDIR)/build
PREFIX ?= /usr
export PREFIX DESTDIR

.PHONY: all module userspace tools agent install modules_install \
	deb clean lint lab demo check check-long bench bench-profile

all: module userspace

module:
	@test -e $(KERNELDIR)/Makefile || { \
	 echo "There are no kernel headers in $(KERNELDIR)."; \
	 echo "Install them (apt install linux-headers-$$(uname -r)), or name others: make KERNELDIR=/lib/modules/VERSION/build"; \
	 exit 1; } >&2
	$(MAKE) -C $(KERNELDIR) M=$(CURDIR) modules

userspace: agent

tools:
	@pkg-config --exists libmnl jansson expat || { \
	 echo "Development files are missing: apt install pkgconf libssl-dev libmnl-dev libevent-dev libconfuse-dev libjansson-dev libcap-ng-dev libseccomp-dev libexpat1-dev"; \
	 exit 1; } >&2
	$(MAKE) -C tools O=$(O) all

agent: tools
	$(MAKE) -C userspace-ike O=$(O) all

install: userspace
	$(MAKE) -C tools O=$(O) install
	$(MAKE) -C userspace-ike O=$(O) install
	@test ! -e ipsvti.ko || $(MAKE) modules_install

# With DESTDIR (a package, an image) nothing of this machine is touched.
modules_install: module
	$(MAKE) -C $(KERNELDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) modules_install
	@# (The kernel's own rule does this only where there is a System.map.)
	@test -n "$(DESTDIR)" || depmod "$$($(MAKE) -s --no-print-directory -C $(KERNELDIR) kernelrelease)"

deb:
	tools/packaging/build-deb $(O)/deb

clean:
	$(RM) -r $(O)
	@test ! -e $(KERNELDIR)/Makefile || $(MAKE) -C $(KERNELDIR) M=$(CURDIR) clean
	$(RM) -r kmod/generated

lab:
	selftests/lab/setup all

lint:
	selftests/check lint

demo:
	selftests/demo/run

check:
	selftests/check

check-long:
	selftests/check --long

K ?= 6.1

bench:
	selftests/bench/run -k $(K)

bench-profile:
	selftests/bench/run -k $(K) -m profile
