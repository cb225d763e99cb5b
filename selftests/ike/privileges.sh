#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The two processes of the agent: what each may do, that no long-term key is where the
# network is, and what becomes of traffic when one of them dies. (What must fail in each
# is tried by userspace-ike/daemon/tests/test_sandbox.c.)
#
# vti0 has a pre-shared key. vti1 has certificates, and gwA knows its peer by name, from
# a name server.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"

ktap_plan 13

PKI=/tmp/pki

load() {
	modprobe ipsvti && topo_up && endpoints 4 || return
	if command -v systemd-sysusers; then
		systemd-sysusers "$IPSVTI_TREE/tools/packaging/sysusers/ipsvti.conf"
	else
		useradd --system _ipsvti
	fi
}

pki() {
	local x
	mkdir -p "$PKI" && cd "$PKI" && umask 077 || return
	openssl req -x509 -newkey ed25519 -nodes -subj "/CN=Root" -days 30 -keyout root.key -out root.pem || return
	for x in a b; do
		openssl req -x509 -newkey ed25519 -nodes -subj "/CN=$x" -days 30 -CA root.pem -CAkey root.key \
			-addext "basicConstraints = critical, CA:FALSE" -addext "subjectAltName = DNS:gw-${x}1.example" \
			-keyout "$x.key" -out "$x.pem" || return
	done
}

# by_certificate NS LOCAL REMOTE OURS THEIRS START
by_certificate() {
	local dir=/etc/netns/$1/ipsvti
	cp "$PKI/root.pem" "$PKI/$4.pem" "$PKI/$4.key" "$dir" || return
	cat >"$dir/vti1.conf" <<-EOT
		local = "$2"
		remote = "$3"
		local-id = "gw-${4}1.example"
		remote-id = "gw-${5}1.example"
		cert-file = "$4.pem"
		key-file = "$4.key"
		ca-file = "root.pem"
		start = "$6"
	EOT
}

# Answers any question for an IPv4 address with the one given.
name_server() { # ADDRESS
	cat >/tmp/dns.py <<-'EOT'
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind(("127.0.0.1", 53))
		while True:
		    q, who = s.recvfrom(512)
		    end = q.index(b"\0", 12) + 5
		    s.sendto(q[:2] + bytes([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]) + q[12:end] +
		             bytes([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]) + socket.inet_aton(sys.argv[1]), who)
	EOT
	echo "nameserver 127.0.0.1" >/etc/netns/gwA/resolv.conf
	printf '127.0.0.1 localhost\n' >/etc/netns/gwA/hosts
	ip -n gwA link set lo up
	ip netns exec gwA python3 /tmp/dns.py "$1" &
	wait_for 20 "in_ns gwA ss -Hlun sport = :53 | grep -q :53"
}

up() { carrier gwA 1 && carrier gwB 1; }
up1() { [ "$(in_ns "$1" cat /sys/class/net/vti1/carrier)" = 1 ]; }

PARENT='' IKE=''
processes() { # NS
	PARENT=${AGENT[$1]}
	IKE=$(pgrep -P "$PARENT")
	echo "parent $PARENT, ike $IKE: $(tr '\0' ' ' <"/proc/$IKE/cmdline")"
	[ "$(wc -w <<<"$IKE")" = 1 ]
}

establish() {
	agent_conf gwA && agent_conf gwB 'start = "passive"'
	by_certificate gwA "$WAN_A" peer.example a b always && by_certificate gwB "$WAN_B" "$SEEN_A" b a passive &&
		name_server "$SEEN_B" && agent_start gwB && agent_start gwA && device gwA && device gwB &&
		wait_for 30 up && wait_for 30 "up1 gwA && up1 gwB" && said gwA "vti1: peer.example is $SEEN_B" && processes gwA
}

has() { # PID FIELD VALUE
	grep -Eq "^$2:[[:space:]]*$3[[:space:]]*\$" "/proc/$1/status" && return
	echo "process $1: not $2 $3:"
	grep "^$2:" "/proc/$1/status"
	return 1
}

ike_is_nobody() {
	local u g f b='[[:space:]]+'
	u=$(id -u _ipsvti) g=$(id -g _ipsvti)
	[ "$u" -gt 0 ] && has "$IKE" Uid "$u$b$u$b$u$b$u" &&
		has "$IKE" Gid "$g$b$g$b$g$b$g" && has "$IKE" Groups '' || return
	for f in CapInh CapPrm CapEff CapBnd CapAmb; do
		has "$IKE" "$f" '0+' || return
	done
	has "$IKE" NoNewPrivs 1 && has "$IKE" Seccomp 2 &&
		grep -Eq '^Max processes +0 ' "/proc/$IKE/limits" && grep -Eq '^Max core file size +0 ' "/proc/$IKE/limits"
}

parent_has_little() { # CAP_NET_ADMIN is bit 12
	has "$PARENT" CapPrm '0*1000' && has "$PARENT" CapEff '0*1000' && has "$PARENT" CapBnd '0+' &&
		has "$PARENT" CapInh '0+' && has "$PARENT" NoNewPrivs 1 && has "$PARENT" Seccomp 2
}

# Sockets, an epoll, and the log; the network is not the parent's.
what_is_open() {
	local other
	ls -l "/proc/$IKE/fd"
	other=$(find "/proc/$IKE/fd" -type l -printf '%l\n' | grep -Ev '^(socket:|anon_inode:|pipe:|/dev/null$)' | grep -vF "$OUT/gwA.log")
	[ -z "$other" ] || return
	in_ns gwA ss -Hulnp '( sport = :500 or sport = :4500 )' >/tmp/udp
	cat /tmp/udp
	[ "$(grep -c "pid=$IKE," /tmp/udp)" = 4 ] && ! grep -q "pid=$PARENT," /tmp/udp || return
	# What ICMP says is heard by the two descriptors that seccomp lets nothing be sent with.
	in_ns gwA ss -Hwnlp >/tmp/raw
	cat /tmp/raw
	[ "$(grep -oE "pid=$IKE,fd=6[23]\)" /tmp/raw | sort -u | wc -l)" = 2 ] && ! grep -q "pid=$PARENT," /tmp/raw
}

# A container may have no CAP_NET_RAW. What ICMP says is all that is missing then.
no_net_raw() {
	: >"$OUT/gwA.log"
	ip netns exec gwA setpriv --bounding-set -net_raw --inh-caps -net_raw ipsvti-iked -s /run/gwA.sock >>"$OUT/gwA.log" 2>&1 &
	AGENT[gwA]=$!
	wait_for 30 "said gwA 'vti0: up'" && wait_for 30 "said gwA 'vti1: up'" || return
	cat "$OUT/gwA.log"
	[ "$(times gwA 'ICMP.*CAP_NET_RAW is needed')" = 1 ] && [ -z "$(in_ns gwA ss -Hwnlp)" ] &&
		ctl gwA explain vti0 | jq -e '.tunnel["hears-icmp"] == false'
	local status=$?
	agent_end gwA && return "$status"
}

# Each in all memory of each process: the search finds what is there.
keys_in_memory() {
	openssl pkey -in "$PKI/a.key" -outform DER | tail -c 32 >/tmp/raw.key
	python3 - "$PARENT" "$IKE" "$PSK" >/tmp/found <<-'EOT'
		import re, sys
		parent, ike, psk = sys.argv[1:]
		what = {"psk": psk.encode(), "key": open("/tmp/raw.key", "rb").read(), "name": b"gw-a1.example"}
		assert len(what["key"]) == 32
		for who, pid in ("parent", parent), ("ike", ike):
		    found, size = set(), 0
		    with open(f"/proc/{pid}/mem", "rb", 0) as mem:
		        for line in open(f"/proc/{pid}/maps"):
		            m = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
		            if not m or "[vvar" in line or "[vsyscall" in line:
		                continue
		            start, end = (int(x, 16) for x in m.groups())
		            mem.seek(start)
		            data = mem.read(end - start)
		            assert len(data) == end - start, line
		            size += len(data)
		            found |= {w for w in what if what[w] in data}
		    print(who, *sorted(found), f"in {size} octets")
	EOT
	cat /tmp/found
	grep -q '^parent key name psk in' /tmp/found && grep -q '^ike name in' /tmp/found
}

# Not even who has its user's rights.
cannot_look() {
	! setpriv --reuid _ipsvti --regid _ipsvti --clear-groups head -c 1 "/proc/$IKE/environ" &&
		setpriv --reuid _ipsvti --regid _ipsvti --clear-groups head -c 1 /proc/self/environ >/dev/null &&
		[ "$(stat -c %U "/proc/$IKE/maps")" = root ]
}

ike_dies() {
	local status
	kill -KILL "$IKE" && wait_for 10 "! kill -0 $PARENT" || return
	wait "$PARENT"
	status=$?
	unset "AGENT[gwA]"
	echo "the parent's status: $status"
	[ "$status" = 1 ] && said gwA 'the ike process was ended by signal 9 .*SAs stay' && [ ! -e /run/gwA.sock ] && up
}

again() {
	agent_start gwA && wait_for 30 "said gwA 'vti0: up'" && wait_for 30 "said gwA 'vti1: up'" && processes gwA
}

parent_dies() {
	agent_end gwA KILL
	wait_for 10 "! kill -0 $IKE" && said gwA 'ike process: the parent process is gone; .*SAs stay' && up
}

orderly_end() {
	again && ! in_ns gwA ipsvti-iked -u nobody-has-this-name -s /run/other.sock 2>/tmp/said &&
		grep 'user "nobody-has-this-name": there is none' /tmp/said &&
		agent_end gwA && ! kill -0 "$IKE" && said gwA 'stopped' && [ ! -e /run/gwA.sock ] && wait_for 10 'carrier gwB 0'
}

ike_hangs() {
	local status
	again && kill -STOP "$IKE" && kill "$PARENT" && wait_for 40 "! kill -0 $PARENT" || return
	wait "$PARENT"
	status=$?
	unset "AGENT[gwA]"
	kill -KILL "$IKE"
	[ "$status" = 1 ] && said gwA 'the ike process does not end; leaving without it'
}

# The ike process cannot get at /dev/log; its lines are there all the same.
to_syslog() {
	local log=/tmp/syslog pid
	rm -f /dev/log
	socat -u UNIX-RECV:/dev/log "CREATE:$log" &
	pid=$!
	wait_for 10 "[ -S /dev/log ]" || return
	ip netns exec gwA ipsvti-iked -l -p /run/gwA.pid -s /run/gwA.sock &
	AGENT[gwA]=$!
	wait_for 30 "grep -aq 'started, tunnels: 2' $log" && [ "$(cat /run/gwA.pid)" = "${AGENT[gwA]}" ] &&
		kill -HUP "${AGENT[gwA]}" && wait_for 10 "grep -aq 'reload: tunnels unchanged: 2' $log" &&
		agent_end gwA && wait_for 10 "grep -aq 'ipsvti-iked.*stopped' $log" && [ ! -e /run/gwA.pid ] && kill "$pid"
}

ktap_run "the module, two sites and a user" load
ktap_run "certificates" pki
ktap_run "two processes; tunnels by key, by certificate, by a name server" establish
ktap_run "ike: another user, no capability, seccomp" ike_is_nobody
ktap_run "parent: CAP_NET_ADMIN only, seccomp" parent_has_little
ktap_run "ike has no file open, and the network for itself" what_is_open
ktap_run "long-term keys are in the parent's memory only" eval 'keys_in_memory && cannot_look'
ktap_run "ike is killed: the parent ends, no ping is lost" under_ping ike_dies
ktap_run "the parent is killed: ike ends, no ping is lost" eval 'again && under_ping parent_dies'
ktap_run "an orderly end of both" orderly_end
ktap_run "ike hangs: the parent ends without it" ike_hangs
ktap_run "without CAP_NET_RAW it says so, and goes on" no_net_raw
ktap_run "lines of both in syslog" to_syslog
agents_end
ktap_end
