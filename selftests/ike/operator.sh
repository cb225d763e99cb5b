#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What an operator sees: status, show, monitor, top, metrics, also those that Prometheus
# has scraped, check, and what probe finds out about strongSwan.
set -u
# shellcheck source=selftests/ike/strongswan.sh
. "$IPSVTI_TREE/selftests/ike/strongswan.sh"
FAMILY=4 NAT=none

ktap_plan 17

ask() { in_ns gwA ipsvtictl --socket /run/gwA.sock "$@"; }

both_up() {
	agent_conf gwA && agent_conf gwB 'start = "passive"' && agent_start gwB && agent_start gwA && device gwA &&
		device gwB && wait_for 30 'carrier gwA 1 && carrier gwB 1' && in_ns hostA ping -q -c 3 -i 0.05 -W 5 10.2.0.2
}

status_line() {
	ask status | tee /tmp/status
	grep -Eq "^vti0: up for [0-9]+ s, peer $SEEN_B, aes256gcm16[^,]*, carrier up, rx [0-9.]+ ?k?B tx [0-9.]+ ?k?B, rekey in [0-9]+ min\$" /tmp/status
}

show() {
	ask show vti0 | tee /tmp/show
	grep -q '^  IKE SA established, initiator' /tmp/show && grep -q '^  file /etc/ipsvti/vti0.conf: ike aes256gcm16' /tmp/show &&
		grep -Eq '^  device vti0: set up, mtu [0-9]+ \(automatic\), carrier up: .*, addresses: 1, routes: 2$' /tmp/show &&
		grep -Eq '^  received [0-9]+ packets, [0-9]+ octets; sent [0-9]+ packets, [0-9]+ octets$' /tmp/show && grep -q '^  the way to the peer leads through wan$' /tmp/show &&
		grep -q '^vti0 pair [0-9]* active' /tmp/show && ask --json show vti0 | jq -e '.device.carrier and (.pairs | length) == 1 and .tunnel.state == "up"'
}

monitor() {
	local pid status
	ip netns exec gwA ipsvtictl --json --socket /run/gwA.sock monitor >/tmp/events &
	pid=$!
	# What it is told first is that it is told anything.
	wait_for 10 'ask rekey vti0; grep -q child-sa-rekeyed /tmp/events'
	ask down vti0 && wait_for 10 'grep -q tunnel-down /tmp/events && grep -q "\"event\":\"carrier\"" /tmp/events' &&
		ask up vti0 wait 20 && wait_for 10 'grep -q tunnel-up /tmp/events'
	status=$?
	kill "$pid"
	cat /tmp/events
	# Each line is an object, and those of the kernel say why.
	jq -se 'all(.source == "agent" or .source == "kernel") and all(.time > 0) and
		any(.source == "kernel" and .event == "carrier" and .carrier == false and .ifname == "vti0" and .reason != null) and
		any(.source == "agent" and .event == "tunnel-up" and .tunnel == "vti0" and .level == "notice") and
		all(.level != "debug")' /tmp/events && return "$status"
}

# of N [WORD]: whether that monitor has such lines
of() { grep -Eq "^([0-9]{2}:){2}[0-9]{2}\.[0-9]{3} $2" "/tmp/monitor.$1"; }

# Each line for people; with the name of a tunnel only of that one, and with "all" each
# state, too.
monitor_words() {
	local conf=/etc/netns/gwA/ipsvti words status n=0 pids=()
	sed 's/^remote =.*/remote = "192.0.2.99"/' "$conf/vti0.conf" >"$conf/vti1.conf" && echo 'start = "passive"' >>"$conf/vti1.conf" &&
		ask reload || return
	for words in "" vti1 all "vti1 all"; do
		# shellcheck disable=SC2086
		ip netns exec gwA ipsvtictl --socket /run/gwA.sock monitor $words >"/tmp/monitor.$n" 2>&1 &
		pids+=($!) n=$((n + 1))
	done
	wait_for 20 'ask rekey vti0; ask up vti1; ask down vti1; of 0 "agent  vti0: child-sa-rekeyed: " && of 2 "agent  vti0: child-sa-rekeyed: " &&
		of 1 "agent  vti1: [a-z-]+: " && of 3 "agent  vti1: [a-z-]+: "' && ask down vti0 &&
		wait_for 10 'of 0 "kernel vti0: carrier: down: " && of 2 "kernel vti0: carrier: down: "' && ask up vti0 wait 20 &&
		wait_for 10 'of 0 "agent  vti0: tunnel-up: " && of 2 "agent  vti0: tunnel-up: "'
	status=$?
	kill "${pids[@]}"
	tail -n 100 /tmp/monitor.?
	rm "$conf/vti1.conf" && ask reload && [ "$status" = 0 ] || return
	for n in 0 1 2 3; do
		! grep -Ev '^([0-9]{2}:){2}[0-9]{2}\.[0-9]{3} (agent |kernel) [^ ]' "/tmp/monitor.$n" || return
	done
	! grep vti0 /tmp/monitor.1 /tmp/monitor.3 && of 0 '[a-z]+ +vti1: ' || return
	# Each state is for who wants all.
	of 2 'agent  vti0: ike-sa-state: IKE SA [0-9a-f/]+: established, was ' && of 3 'agent  vti1: ike-sa-state: IKE SA [0-9a-f/]+: dead, was ' &&
		! of 0 'agent .*, was ' && ! of 1 'agent .*, was '
}

# A tunnel and its device need not have one name; a name that nobody has is told.
monitor_device() {
	local conf=/etc/netns/gwA/ipsvti pid status
	mv "$conf/vti0.conf" "$conf/alpha.conf" && echo 'interface = "vti0"' >>"$conf/alpha.conf" && ask reload && ask up alpha wait 20 || return
	ask monitor vti0 >/tmp/refused 2>&1
	[ $? = 1 ] && grep -qx 'ipsvtictl: there is no tunnel "vti0"' /tmp/refused || return
	ip netns exec gwA ipsvtictl --socket /run/gwA.sock monitor alpha >/tmp/monitor.alpha 2>&1 &
	pid=$!
	wait_for 20 'ask rekey alpha; of alpha "agent  alpha: child-sa-rekeyed: "' && ask down alpha && wait_for 10 'of alpha "kernel vti0: carrier: down: "'
	status=$?
	kill "$pid"
	cat /tmp/monitor.alpha
	sed -i '/^interface/d' "$conf/alpha.conf" && mv "$conf/alpha.conf" "$conf/vti0.conf" && ask reload && ask up vti0 wait 20 && return "$status"
}

# Neither IPv4 nor IPv6: what the device drops, all the time.
cat >/tmp/nonsense.py <<'EOT'
import socket, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
while True:
    s.sendto(b"x" * 40, ("vti0", 0x88b5))
    time.sleep(0.02)
EOT

top_draws() {
	local ping nonsense
	ip netns exec hostA ping -q -i 0.02 10.2.0.2 >/dev/null &
	ping=$!
	ip netns exec gwA python3 /tmp/nonsense.py &
	nonsense=$!
	# (Python takes its time to begin.)
	wait_for 10 '[ "$(in_ns gwA cat /sys/class/net/vti0/statistics/tx_errors)" -gt 2 ]' && ask top count 3 | tee /tmp/top
	ask --json top count 3 | tee /tmp/top.json
	kill "$ping" "$nonsense"
	[ "$(grep -c '^vti0  *up ' /tmp/top)" = 3 ] && grep '^vti0 ' /tmp/top | tail -n 1 | awk '$3 > 10 && $5 > 10 { good = 1 } END { exit !good }' &&
		! grep -q $'\033' /tmp/top || return
	# The last columns say when it is rekeyed, and lines below it what was dropped.
	head -n 1 /tmp/top | grep -Eq '^TUNNEL +STATE +RX pkt/s +RX bit/s +TX pkt/s +TX bit/s +REKEY IN$' &&
		[ "$(grep -Ec '^vti0 +up .*  [0-9]+ (s|min)$' /tmp/top)" = 3 ] &&
		tail -n 1 /tmp/top | grep -E '^    dropped [0-9]+/s: tx-not-ip$' | awk '{ exit !($2 + 0 > 5 && $2 + 0 < 51) }' || return
	# For programs a line each, of the same.
	[ "$(grep -c . /tmp/top.json)" = 3 ] && jq -se 'all(.[]; .time > 0 and (.tunnels | length) == 1) and
		([.[].tunnels[0]] | all(.[]; .name == "vti0" and .interface == "vti0" and .state == "up" and .["rekey-in-ms"] > 60000) and
			(.[0] | .["rx-packets-per-second"] == null and .["drops-per-second"] == {}) and
			(.[2] | .["rx-packets-per-second"] > 10 and .["tx-packets-per-second"] > 10 and .["rx-bits-per-second"] > 6720 and
				.["tx-bits-per-second"] > 6720 and (.["drops-per-second"] | keys == ["tx-not-ip"] and .["tx-not-ip"] > 5 and .["tx-not-ip"] < 51)))' \
		/tmp/top.json || return
	ask --json metrics >/tmp/none 2>/tmp/refused
	[ $? = 2 ] && [ ! -s /tmp/none ] && jq -e '.error.text | contains("leave --json out")' /tmp/refused
}

# on_terminal [NAME=VALUE...] VERB...: what the tool prints on one.
on_terminal() {
	local -a set=(TERM=xterm)
	while [[ $1 = *=* ]]; do set+=("$1") && shift; done
	env "${set[@]}" script -qec "ip netns exec gwA ipsvtictl --socket /run/gwA.sock $*" /dev/null </dev/null
}

has_escapes() { grep -q $'\033\[[0-9;]*m' "$1"; }

# Colours and drawing in place are for terminals, and colours only for those who want them.
terminal() {
	local verb clear=$'\033\[H\033\[J'
	on_terminal top count 2 >/tmp/tty && cat -v /tmp/tty && [ "$(grep -c "$clear" /tmp/tty)" = 2 ] && has_escapes /tmp/tty || return
	on_terminal NO_COLOR=1 top count 1 >/tmp/tty && grep -q "$clear" /tmp/tty && ! has_escapes /tmp/tty || return
	for verb in status 'explain vti0'; do
		on_terminal "$verb" >/tmp/tty && cat -v /tmp/tty && has_escapes /tmp/tty || return
		on_terminal NO_COLOR=1 "$verb" >/tmp/tty && grep -q vti0 /tmp/tty && ! grep -q $'\033' /tmp/tty &&
			on_terminal TERM=dumb "$verb" >/tmp/tty && grep -q vti0 /tmp/tty && ! grep -q $'\033' /tmp/tty || return
		# shellcheck disable=SC2086
		ask $verb >/tmp/piped && grep -q vti0 /tmp/piped && ! grep -q $'\033' /tmp/piped || return
	done
}

# Strict: what Prometheus would not take is an error.
cat >/tmp/openmetrics.py <<'EOT'
import re, sys
text = open(sys.argv[1]).read()
assert text.endswith("# EOF\n"), "no end"
types, closed, family, seen = {}, set(), None, set()
for line in text.splitlines()[:-1]:
    m = re.fullmatch(r"# (TYPE|UNIT|HELP) ([a-z_]+) (.+)", line)
    if m:
        what, name, rest = m.groups()
        if name != family:
            assert name not in closed, "family twice: " + name
            closed.add(family)
            family = name
        if what == "TYPE":
            assert rest in ("gauge", "counter", "info"), line
            types[name] = rest
        if what == "UNIT":
            assert name.endswith("_" + rest), line
        continue
    m = re.fullmatch(r'([a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\.)*"(?:,[a-z_]+="(?:[^"\\\n]|\\.)*")*\})? (-?[0-9.e+]+)', line)
    assert m, "no sample: " + line
    name = m.group(1)
    suffix = {"counter": "_total", "info": "_info", "gauge": ""}[types[family]]
    assert name == family + suffix, line
    assert (name, m.group(2)) not in seen, "sample twice: " + line
    seen.add((name, m.group(2)))
print(len(seen), "samples,", len(types), "families")
EOT

value() { awk -v sample="$1" '$1 == sample { print $2 }' /tmp/metrics; }

metrics() {
	ask metrics >/tmp/metrics && python3 /tmp/openmetrics.py /tmp/metrics || return
	[ "$(value 'ipsvti_tunnel_up{tunnel="vti0"}')" = 1 ] && [ "$(value 'ipsvti_tunnel_carrier{tunnel="vti0"}')" = 1 ] &&
		[ "$(value 'ipsvti_tunnel_receive_packets_total{tunnel="vti0"}')" -gt 3 ] && [ "$(value ipsvti_agent_up)" = 1 ] || return
	grep -c . /tmp/metrics >/tmp/lines
	# One that is down, even without a device, is 0 and has all its series.
	ask down vti0 && wait_for 10 'carrier gwA 0' && ask metrics >/tmp/metrics && python3 /tmp/openmetrics.py /tmp/metrics &&
		[ "$(value 'ipsvti_tunnel_up{tunnel="vti0"}')" = 0 ] && [ "$(grep -c . /tmp/metrics)" = "$(cat /tmp/lines)" ] &&
		ip -n gwA link del vti0 && wait_for 10 'said gwA "vti0: device vti0 was removed"' && ask metrics >/tmp/metrics &&
		[ "$(value 'ipsvti_tunnel_up{tunnel="vti0"}')" = 0 ] && [ "$(grep -c . /tmp/metrics)" = "$(cat /tmp/lines)" ] || return
	# And without an agent it says that.
	in_ns gwA ipsvtictl --socket /run/nobody.sock metrics >/tmp/metrics && python3 /tmp/openmetrics.py /tmp/metrics &&
		[ "$(value ipsvti_agent_up)" = 0 ]
}

TCP=TCP:127.0.0.1:9110

# get METHOD PATH [WHERE]: CODE, and head and body in files
get() {
	printf '%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" "$2" |
		in_ns gwA socat -t 15 - "${3:-$TCP}" >/tmp/reply || return
	sed '/^\r$/q' /tmp/reply >/tmp/head && sed '1,/^\r$/d' /tmp/reply >/tmp/metrics && CODE=$(head -n 1 /tmp/head | cut -d' ' -f2)
}

# good WHERE
good() { get GET /metrics "$1" && [ "$CODE" = 200 ] && python3 /tmp/openmetrics.py /tmp/metrics; }

SERVER=
served() {
	ask metrics listen 0.0.0.0:9110
	[ $? = 2 ] || return
	ip netns exec gwA ipsvtictl --socket /run/gwA.sock metrics listen 127.0.0.1:9110 &
	SERVER=$!
	wait_for 10 'good $TCP' && cat /tmp/head && grep -qi '^content-type: application/openmetrics-text; version=1.0.0' /tmp/head &&
		get GET / && [ "$CODE" = 404 ] && get POST /metrics && [ "$CODE" = 405 ] && get GET '/metrics?x=y' && [ "$CODE" = 200 ] || return
	# By the path of a socket too, of one that was left behind also.
	local pid status
	ip netns exec gwA ipsvtictl --socket /run/gwA.sock metrics listen /run/metrics.sock &
	pid=$!
	wait_for 10 'good UNIX:/run/metrics.sock'
	status=$?
	kill -KILL "$pid"
	wait "$pid"
	[ -S /run/metrics.sock ] && [ "$status" = 0 ] || return
	ip netns exec gwA ipsvtictl --socket /run/gwA.sock metrics listen /run/metrics.sock &
	pid=$!
	wait_for 10 'good UNIX:/run/metrics.sock'
	status=$?
	kill "$pid"
	return "$status"
}

connected() { [ "$(in_ns gwA ss -tnH state established "( sport = :9110 )" | wc -l)" = "$1" ]; }

# Those that say nothing, or half of it, keep nobody waiting, and are left in the end.
slow_clients() {
	local half=$'GET /metrics HTTP/1.1\r\nHost: loc'
	for _ in 1 2 3; do
		ip netns exec gwA socat -u TCP:127.0.0.1:9110 - >/dev/null &
		ip netns exec gwA bash -c "exec 3<>/dev/tcp/127.0.0.1/9110; printf %s '$half' >&3; read -r -u 3" &
	done
	wait_for 10 'connected 6' && good "$TCP" && connected 6 && wait_for 30 'connected 0'
}

# ---- Prometheus

# prom QUERY [JQ]: what it says of it. (A client that has said all must not close even
# its own direction: Prometheus would take that for the end of the question.)
prom() {
	local path
	path="/api/v1/query?query=$(jq -rn --arg q "$1" '$q | @uri')"
	in_ns gwA timeout 15 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9090; printf "GET %s HTTP/1.0\r\n\r\n" "$1" >&3; cat <&3' _ "$path" >/tmp/prom.reply
	sed '1,/^\r$/d' /tmp/prom.reply | jq -ec "${2:-.data.result}" || { cat /tmp/prom.reply; return 1; }
}

# is N QUERY: there is one such series, and that is its value
is() { prom "$2" '.data.result | length == 1 and (.[0].value[1] | tonumber) == '"$1"; }

# A configured tunnel that is down is 0 for Prometheus, not absent; its counters grow.
scraped() {
	local conf=/etc/netns/gwA/ipsvti pid status
	cat >/tmp/prometheus.yml <<-EOT
		global: {scrape_interval: 1s, scrape_timeout: 1s}
		scrape_configs: [{job_name: ipsvti, static_configs: [{targets: ["127.0.0.1:9110"]}]}]
	EOT
	sed 's/^remote =.*/remote = "192.0.2.99"/' "$conf/vti0.conf" >"$conf/vti1.conf" && echo 'start = "passive"' >>"$conf/vti1.conf" &&
		ask reload && ask up vti0 wait 20 && device gwA || return
	ip netns exec gwA prometheus --config.file=/tmp/prometheus.yml --storage.tsdb.path=/tmp/prometheus \
		--web.listen-address=127.0.0.1:9090 --log.level=warn >"$OUT/prometheus.log" 2>&1 &
	pid=$!
	scrapes
	status=$?
	kill "$pid"
	cat "$OUT/prometheus.log"
	wait "$pid"
	rm "$conf/vti1.conf" && ask reload && return "$status"
}

# Each expression of the dashboard, as Grafana would ask it, has a result: also those that
# only have one if packets are dropped, or if a tunnel has failed and is down.
dashboard() {
	local json=$IPSVTI_TREE/tools/grafana/ipsvti.json nonsense status
	[ "$(jq '[.. | .expr? // empty] | length' "$json")" -ge 9 ] && jq -e '.templating.list | any(.query == "label_values(ipsvti_tunnel_up, tunnel)")' "$json" &&
		prom 'count by (tunnel) (ipsvti_tunnel_up)' '[.data.result[].metric.tunnel] | sort == ["vti0", "vti1"]' && ask up vti1 || return
	ip netns exec gwA python3 /tmp/nonsense.py &
	nonsense=$!
	wait_for 90 'drawn "$json"'
	status=$?
	kill "$nonsense"
	ask down vti1 && return "$status"
}

drawn() {
	local expr
	while IFS= read -r expr; do
		echo "$expr"
		prom "${expr//\$tunnel/.*}" '.data.result | length > 0' || return
	done < <(jq -r '.. | .expr? // empty' "$1")
}

scrapes() {
	local before
	wait_for 60 "is 1 'up{job=\"ipsvti\"}'" && wait_for 20 "is 1 'ipsvti_tunnel_up{tunnel=\"vti0\"}'" &&
		is 0 'ipsvti_tunnel_up{tunnel="vti1"}' && is 0 'ipsvti_tunnel_carrier{tunnel="vti1"}' && is 1 ipsvti_agent_up || return
	before=$(prom 'ipsvti_tunnel_receive_packets_total{tunnel="vti0"}' '.data.result[0].value[1] | tonumber') &&
		in_ns hostA ping -q -c 5 -i 0.05 -W 5 10.2.0.2 &&
		wait_for 20 "is $((before + 5)) 'ipsvti_tunnel_receive_packets_total{tunnel=\"vti0\"}'" || return
	dashboard || return
	ask down vti0 && wait_for 20 "is 0 'ipsvti_tunnel_up{tunnel=\"vti0\"}'" || return
	# Not one series of either has gone, and no scrape has failed.
	prom 'count by (tunnel) ({tunnel=~"vti[01]"})' '[.data.result[].value[1]] | length == 2 and .[0] == .[1]' &&
		is 1 'min_over_time(up{job="ipsvti"}[1m])'
}

# completed WORD...: what bash would offer for the last one, in our network namespace
completed() {
	printf -v words '%q ' "$@"
	in_ns gwA bash -c ". '$IPSVTI_TREE/tools/completion/ipsvtictl'; ipsvtictl() { command ipsvtictl --socket '$SOCKET' \"\$@\"; }
		COMP_WORDS=(ipsvtictl $words) COMP_CWORD=$#; _ipsvtictl; printf '%s\n' \"\${COMPREPLY[@]}\"" | sort -u | tr '\n' ' '
}

# Tunnels are those of the agent, and those of files that it has not read yet, or cannot.
completion() {
	local conf=/etc/netns/gwA/ipsvti SOCKET=/run/gwA.sock words
	echo >"$conf/vti7.conf" && [ "$(completed show vti)" = 'vti0 vti7 ' ] && mv "$conf/vti0.conf" "$conf/vti0.kept" &&
		[ "$(completed show vti)" = 'vti0 vti7 ' ] && [ "$(SOCKET=/run/nobody.sock completed show vti)" = 'vti7 ' ]
	local status=$?
	rm "$conf/vti7.conf" && mv "$conf/vti0.kept" "$conf/vti0.conf" && return "$status"
}

# checked STATUS PATTERN...: what check says of our configuration
checked() {
	local want=$1 status p
	shift
	ask check >/tmp/check 2>&1
	status=$?
	cat /tmp/check
	for p; do
		grep -Eq -- "$p" /tmp/check || return
	done
	[ "$status" = "$want" ]
}

check() {
	local conf=/etc/netns/gwA/ipsvti
	agent_conf gwA && checked 0 '^/etc/ipsvti: no errors, tunnels: 1$' || return
	# No tunnel at all is hardly what was meant, nor a file that is not read, nor one that is not there.
	mv "$conf/vti0.conf" "$conf/vti0.cfg" && checked 0 '^/etc/ipsvti: no errors, tunnels: 0$' '^/etc/ipsvti: warning: there is no tunnel; put a file NAME\.conf' \
		'^/etc/ipsvti/vti0.cfg: warning: is not read, .*; rename it to vti0\.conf' && mv "$conf/vti0.cfg" "$conf/vti0.conf" || return
	ask check /etc/ipsvti/vti1.cnf >/tmp/check 2>&1
	[ $? = 2 ] && grep -q '^ipsvtictl: /etc/ipsvti/vti1.cnf: No such file or directory; expected a FILE' /tmp/check || return
	agent_conf gwA 'iek = "aes256gcm16"' && checked 2 '^/etc/ipsvti/vti0.conf:6: unknown key "iek"; did you mean "ike"\?$' || return
	agent_conf gwA 'ike = "aes256gcm16-prfsha384-modp1024"' && checked 2 '^/etc/ipsvti/vti0.conf:6: ike: .*"modp1024" is too weak: use modp2048' || return
	# What is only weak is a warning, for programs too.
	agent_conf gwA 'allow-legacy = "true"' 'ike = {"aes256gcm16-prfsha384-ecp384", "aes128-sha1-modp2048"}' &&
		checked 0 '^/etc/ipsvti/vti0.conf:7: warning: ike: the peer may choose aes128-sha1-' && ask --json check |
		jq -e 'length == 1 and (.[0] | .severity == "warning" and .file == "/etc/ipsvti/vti0.conf" and .line == 7 and (.text | startswith("ike: the peer may choose aes128-sha1-")))' || return
	agent_conf gwA && chmod 644 "$conf/vti0.psk" && checked 2 'vti0.conf:5: .*vti0.psk' && rm "$conf/vti0.psk" &&
		checked 2 'vti0.conf:5: .*vti0.psk.*No such file' || return
	agent_conf gwA && sed 's/^remote =.*/remote = "192.0.2.99"/' "$conf/vti0.conf" >"$conf/x.conf" && echo 'interface = "vti0"' >>"$conf/x.conf" &&
		checked 2 '^/etc/ipsvti/x.conf:6: interface "vti0" is that of /etc/ipsvti/vti0.conf by its name, too; .*: change interface in one of them$' || return
	echo 'interface = "vti0"' >>"$conf/vti0.conf"
	checked 2 '^/etc/ipsvti/x.conf:6: interface "vti0" is that of /etc/ipsvti/vti0.conf:6, too; ' || return
	sed -i 's/^local =.*/local = "192.0.2.77"/; /^interface/d' "$conf/x.conf"
	checked 0 '^/etc/ipsvti/x.conf:1: warning: local: 192.0.2.77 is not an address of this machine at present; a reload refuses it, unless the tunnel has it already: correct it' || return
	in_ns gwA sysctl -qw net.ipv4.ip_nonlocal_bind=1
	checked 0 '^/etc/ipsvti/x.conf:1: warning: local: 192.0.2.77 is not an address of this machine at present; correct it, unless it is one that comes later' || return
	in_ns gwA sysctl -qw net.ipv4.ip_nonlocal_bind=0
	ask --json check | jq -e '.[0] | .line == 1 and .severity == "warning" and .file == "/etc/ipsvti/x.conf"' || return
	rm "$conf/x.conf"
}

# spaced FILE SECONDS: there are questions, each with an SPI of its own, and never less apart
spaced() {
	tcpdump -ttnr "$1" -x 2>/dev/null | awk -v least="$2" '
		/^[0-9]/ { at = $1 }
		/0x0010:/ { spi = $8 $9 }
		/0x0020:/ {
			spi = spi $2 $3
			if (spi in seen) next
			seen[spi] = 1
			if (n++ && (!least_seen || at - last < least_seen)) least_seen = at - last
			last = at
		}
		END { print n, "questions, at least", least_seen, "s apart"; exit !(n > 5 && least_seen >= least) }'
}

probe() {
	agents_end
	SWAN_IKE=aes256-aes128-sha384-sha256-ecp384-modp3072 SWAN_CHARON='half_open_timeout = 3' swan_start &&
		capture_start gwA wan /tmp/one.pcap udp dst port 500 || return
	ask probe "$SEEN_B" every 1 >/tmp/probe 2>&1
	cat /tmp/probe
	capture_stop
	sed 's/^.\{13\}//' /tmp/probe >/tmp/answers
	for a in aes256 aes128 sha384 sha256 prfsha384 prfsha256 ecp384 modp3072; do
		grep -Eq "^$a +accepted" /tmp/answers || return
	done
	for a in aes256gcm16 chacha20poly1305 sha512 sha1 prfsha512 prfsha1 x25519 ecp256 modp2048; do
		grep -Eq "^$a +refused" /tmp/answers || return
	done
	# For programs the same; and no faster than it was told to be.
	capture_start gwA wan /tmp/two.pcap udp dst port 500 || return
	ask --json probe "$SEEN_B" every 2 | head -n 6 >/tmp/probe.json
	cat /tmp/probe.json
	capture_stop
	[ "$(jq -r '[.name, .answer] | join(" ")' /tmp/probe.json)" = "$(head -n 6 /tmp/answers | tr -s ' ')" ] &&
		[ "$(jq -r .type /tmp/probe.json | sort | uniq -c | xargs)" = '5 encryption 1 integrity' ] &&
		spaced /tmp/one.pcap 0.95 && spaced /tmp/two.pcap 1.95 || return
	# No key was shown, and nobody had to be refused.
	! grep -q 'IKE_AUTH' "$OUT/charon.log" && ask probe 198.51.100.77 >/tmp/probe 2>&1
	[ $? = 1 ] && grep -q 'no answer: is it a gateway' /tmp/probe
}

# probed STATUS PATTERN [WORD...]: what comes of asking strongSwan
probed() {
	local status
	ask probe "$SEEN_B" "${@:3}" >/tmp/probe 2>&1
	status=$?
	cat /tmp/probe
	[ "$status" = "$1" ] && grep -Eq "$2" /tmp/probe
}

probe_ends() {
	probed 2 '^ipsvtictl: "0" after "every": expected a number from 1 to 3600' every 0 || return
	SWAN_IKE=aes192-sha256-ecp384 swan_connection && swanctl --load-all &&
		probed 3 '^key exchange x25519 +refused$' && [ "$(grep -c ' refused$' /tmp/probe)" = 20 ] || return
	# It limits how many of our questions may be half open.
	swan_end && SWAN_IKE=aes256-sha384-ecp384 SWAN_CHARON='block_threshold = 1' swan_start &&
		probed 1 '^it answers no more: it limits half-open IKE SAs; go on later, or slower$' &&
		[ "$(grep -c ' accepted$' /tmp/probe)" -ge 1 ] && [ "$(grep -c ' no answer$' /tmp/probe)" = 2 ]
}

ktap_run "the module and two sites" load
ktap_run "a tunnel between two of ours" both_up
ktap_run "status: a line for each" status_line
ktap_run "show: all of one" show
ktap_run "monitor: events of agent and kernel" monitor
ktap_run "monitor: for people, of one tunnel, and all" monitor_words
ktap_run "monitor: a device of another name" monitor_device
ktap_run "top: rates, drops, the next rekey, for people and programs" top_draws
ktap_run "colours and drawing in place, on terminals only" terminal
ktap_run "completion: tunnels of the agent, and of files" completion
ktap_run "metrics: up is 1, down is 0 and never absent" metrics
ktap_run "metrics by HTTP, on this machine only" served
ktap_run "metrics: slow clients keep nobody waiting" slow_clients
ktap_run "metrics: Prometheus scrapes them" scraped
kill "$SERVER"
ktap_run "check: file, line, value, remedy" check
ktap_run "probe: what strongSwan takes" probe
ktap_run "probe: when it ends, and its status" probe_ends
fresh
ktap_end
