#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# "ipsvtictl explain": each of the failures that people have is made, against
# strongSwan or against ourselves, and the sentence and the remedy are looked at. What
# the remedy says of suites is done, and must help.
set -u
# shellcheck source=selftests/ike/strongswan.sh
. "$IPSVTI_TREE/selftests/ike/strongswan.sh"
FAMILY=4 NAT=none

ktap_plan 30

CONF=/etc/ipsvti/vti0.conf PKI=/tmp/pki
SWAN_TRIES=1

explain() { in_ns gwA ipsvtictl --socket /run/gwA.sock "$@" explain "${TUNNEL:-vti0}"; }

# explains PATTERN...: within some time, all of them in one go
explains() {
	local p
	for p; do
		wait_for 40 "explain | tee /tmp/said | grep -Eq -- '$p'" && continue
		cat /tmp/said
		return 1
	done
	cat /tmp/said
	for p; do
		grep -Eq -- "$p" /tmp/said || return
	done
}

# at KEY: where the remedy has to say that it is
at() { echo "do: $CONF:$(grep -n "^$1 =" "/etc/netns/gwA/ipsvti/vti0.conf" | cut -d: -f1): "; }

# we LINE...: our configuration from now on
we() { agent_conf gwA "$@" && ctl gwA reload; }

# they NAME=VALUE...: theirs
they() {
	local "$@"
	swan_connection "${KEY:-$PSK}" && swanctl --load-all
}

they_initiate_in_vain() { ! swanctl --initiate --child lan --timeout 4; }

nearest() { explain --json | jq -er '.tunnel.failures.theirs.nearest'; }

# filter NS RULE: in its way of packets; "filter NS" ends it
filter() {
	in_ns "$1" nft delete table inet explain 2>/dev/null
	[ $# -eq 1 ] || in_ns "$1" nft -f - <<-EOT
		table inet explain {
			chain input { type filter hook input priority 0; $2; }
			chain forward { type filter hook forward priority 0; $2; }
		}
	EOT
}

GCM='ike = {"aes256gcm16-prfsha384-ecp384"}'
CBC="SWAN_IKE=aes256-sha384-ecp384"

begin() {
	agent_conf gwA "$GCM" 'esp = {"aes256gcm16"}' && local "$CBC" SWAN_ESP=aes256-sha256 &&
		swan_start && agent_start gwA && device gwA
}

ike_refused() {
	explains 'the peer refused our IKE proposal at IKE_SA_INIT \(NO_PROPOSAL_CHOSEN' 'encryption +aes256gcm16 ' \
		"$(at ike)ipsvtictl probe $SEEN_B " || return
	# That it is not up is a status of its own.
	explain >/dev/null
	[ $? = 3 ] || return
	explain --json >/dev/null
	[ $? = 3 ]
}

ike_compared() {
	they_initiate_in_vain && explains 'encryption +aes256gcm16 +aes256  <-- nothing in common' \
		'key exchange +ecp384 +ecp384 *$' "$(at ike)ike = \{ \"aes256-sha384-prfsha384-ecp384\" \}"
}

esp_compared() {
	GCM="ike = {\"$(nearest)\"}"
	we "$GCM" 'esp = {"aes256gcm16"}' && explains 'the peer refused our ESP proposal at IKE_AUTH' &&
		they_initiate_in_vain && explains 'encryption +aes256gcm16 +aes256  <-- nothing in common' \
		"$(at esp)esp = \{ \"aes256-sha256\" \}"
}

advice_helps() {
	we "$GCM" "esp = {\"$(nearest)\"}" && wait_for 30 'carrier gwA 1' && explains '^  nothing is wrong$' && explain --json |
		jq -e '.tunnel.state == "up" and ([.findings[] | select(.severity != "note")] | length == 0)'
}

# PFS does not fit: that shows at the first rekey, while the tunnel is up. They know more.
pfs() {
	local was
	we "$GCM" 'esp = {"aes256-sha256-ecp384"}' && wait_for 30 'carrier gwA 1' && ! explain | grep 'will fail' &&
		ctl gwA rekey vti0 &&
		explains 'warning: it is up, but the next rekey will fail: the peer refused our ESP proposal at CREATE_CHILD_SA \(NO_PROPOSAL_CHOSEN' \
			'key exchange +ecp384' "$(at esp)" && explain >/dev/null && carrier gwA 1 &&
		ctl gwA status vti0 | jq -e '.tunnels[0] | .state == "up" and (.["last-error"] | test("refused our ESP proposal"))' || return
	swanctl --rekey --child lan
	explains 'warning: .*the next rekey will fail' 'key exchange +ecp384 +none  <-- nothing in common' "$(at esp)esp = \{ \"aes256-sha256\" \}" &&
		we "$GCM" "esp = {\"$(nearest)\"}" && wait_for 30 'carrier gwA 1' && was=$(spi_out gwA) && ctl gwA rekey vti0 &&
		wait_for 10 "[ \"\$(spi_out gwA)\" != $was ]" && ! explain | grep 'will fail' &&
		ctl gwA status vti0 | jq -e '.tunnels[0] | .state == "up" and .["last-error"] == null'
}

psk_refused() {
	they "$CBC" SWAN_ESP=aes256-sha256 "KEY=not the key" && swanctl --terminate --ike site-a
	ctl gwA down vti0 && ctl gwA up vti0 &&
		explains 'the peer refused us at IKE_AUTH \(AUTHENTICATION_FAILED\).*the pre-shared keys are not the same, or it does not know us as "gw-a.example"' \
			"$(at psk-file)compare"
}

psk_compared() { they_initiate_in_vain && explains 'error: the pre-shared keys of the two ends are not the same' "$(at psk-file)put the same key"; }

identity() {
	they "$CBC" SWAN_ESP=aes256-sha256 "SWAN_LOCAL=auth = psk
		id = other.example" && they_initiate_in_vain &&
		explains 'the peer says it is "other.example", but remote-id is "gw-b.example"' "$(at remote-id)remote-id = \"other.example\""
}

our_identity() {
	they "$CBC" SWAN_ESP=aes256-sha256 "SWAN_REMOTE=auth = psk
		id = gw-x.example" && they_initiate_in_vain &&
		explains 'the peer wants to speak to "gw-x.example", but local-id is "gw-a.example"' "$(at local-id)local-id = \"gw-x.example\""
}

# Whose tries are none of ours: it is we who refuse, and who know all of it.
we_refuse() {
	they "$CBC" SWAN_ESP=aes256-sha256 && we 'ike = {"aes256gcm16-prfsha384-ecp384"}' 'start = "passive"' && they_initiate_in_vain &&
		explains 'we refused its IKE proposal at IKE_SA_INIT \(NO_PROPOSAL_CHOSEN' 'encryption +aes256gcm16 +aes256  <-- nothing in common' \
			"$(at ike)ike = \{ \"aes256-sha384-prfsha384-ecp384\" \}" || return
	we "$GCM" 'esp = {"aes256gcm16"}' 'start = "passive"' && they_initiate_in_vain &&
		explains 'we refused its ESP proposal at IKE_AUTH \(NO_PROPOSAL_CHOSEN' 'encryption +aes256gcm16 +aes256  <-- nothing in common' \
			"$(at esp)esp = \{ \"aes256-sha256\" \}"
}

selectors() {
	they "$CBC" SWAN_ESP=aes256-sha256 "SWAN_CHILD=local_ts = 10.2.0.0/24
		remote_ts = 10.1.0.0/24" &&
		we "$GCM" 'esp = {"aes256-sha256"}' 'local-ts = {"10.1.0.0/24"}' 'remote-ts = {"10.99.0.0/16"}' &&
		explains 'traffic selectors do not match, the peer refused at (IKE_AUTH|CREATE_CHILD_SA) \(TS_UNACCEPTABLE\): ours are here 10.1.0.0/24, there 10.99.0.0/16' \
			"$(at local-ts)local-ts here must be" && they_initiate_in_vain &&
		explains 'the peer wants here 10.1.0.0/24, there 10.2.0.0/24'
}

# What selectors do not let pass is dropped, and counted; that it was is no warning for ever.
drops() {
	we "$GCM" 'esp = {"aes256-sha256"}' 'local-ts = {"10.1.0.0/24"}' 'remote-ts = {"10.2.0.0/24"}' && wait_for 30 'carrier gwA 1' || return
	local pid status
	ip netns exec gwA ping -q -i 0.2 -W 1 -I 169.254.1.1 10.2.0.2 >/dev/null &
	pid=$!
	explains '^  warning: ([3-9]|[1-9][0-9]+) packets dropped within 2 s, ([3-9]|[1-9][0-9]+) since the device was made: tx-selector$' \
		'^      do: packets that local-ts and remote-ts do not allow: route less into the device, or widen them on both ends$' &&
		explain --json | jq -e '.counters["tx-selector"] >= 3 and ([.findings[] | select(.id == "tx-selector")] | length == 1 and .[0].severity == "warning")'
	status=$?
	kill "$pid"
	wait "$pid"
	[ "$status" = 0 ] && explains '^  note: [0-9]+ packets dropped since the device was made, none of them now: tx-selector$' '^  nothing is wrong$' &&
		! grep -E '^  (warning|error): ' /tmp/said
}

# Of the way to them only IKE_AUTH is refused, by a firewall that says so.
port_500() {
	filter gwB 'udp dport 500 @th,208,8 35 reject with icmpx admin-prohibited' && they "$CBC" SWAN_ESP=aes256-sha256 &&
		we "$GCM" 'esp = {"aes256-sha256"}' &&
		explains "IKE_AUTH on the same UDP port 500 was not \\(sent 21 times, .*\\); ICMP from $SEEN_B said: administratively prohibited \\([0-9]+ times\\)\$" \
			'do: the peer ignores us, its log says why'
	local status=$?
	filter gwB
	return "$status"
}

# A firewall on the way drops it, and another one says that it does not let it pass.
port_4500() {
	filter inet 'udp dport 4500 drop' && they "$CBC" SWAN_ESP=aes256-sha256 &&
		we "$GCM" 'esp = {"aes256-sha256"}' 'natt = "force"' &&
		explains 'UDP port 500 works, port 4500 does not: IKE_SA_INIT was answered, 21 IKE_AUTH to port 4500 were not \([^;]*\); no ICMP came back$' \
			'let it pass every firewall$' &&
		filter inet 'udp dport 4500 reject with icmpx admin-prohibited' &&
		explains '21 IKE_AUTH to port 4500 were not \([^;]*\); ICMP from 192.0.2.254 said: administratively prohibited \([0-9]+ times\)$' \
			'let it pass every firewall, first of all where ICMP comes from$' &&
		filter inet 'udp dport 4500 reject with icmp port-unreachable' &&
		explains '21 IKE_AUTH to port 4500 were not \([^;]*\); ICMP from 192.0.2.254 said: port unreachable '
}

# The same by IPv6, of a tunnel beside the other one.
port_4500_ipv6() {
	local dir=/etc/netns/gwA/ipsvti
	filter inet 'udp dport 4500 reject with icmpx admin-prohibited' && endpoints 6 && they "$CBC" SWAN_ESP=aes256-sha256 &&
		sed "s/^local = .*/local = \"$WAN_A\"/; s/^remote = .*/remote = \"$SEEN_B\"/" "$dir/vti0.conf" >"$dir/vti6.conf" && ctl gwA reload &&
		TUNNEL=vti6 explains '21 IKE_AUTH to port 4500 were not \([^;]*\); ICMP from 2001:db8:a::fe said: administratively prohibited \([0-9]+ times\)$'
	local status=$?
	rm -f "$dir/vti6.conf"
	ctl gwA reload && ip -n gwA link del vti6 && endpoints 4 && they "$CBC" SWAN_ESP=aes256-sha256
	return "$status"
}

nat_seen() { filter inet && wait_for 30 'carrier gwA 1' && explains 'note: there is a NAT in front of us'; }

# What they send with ESP does not get through.
nothing_back() {
	filter gwA 'ip protocol esp drop' && we "$GCM" 'esp = {"aes256-sha256"}' && wait_for 30 'carrier gwA 1' || return
	in_ns hostA ping -q -c 8 -i 0.05 -W 1 10.2.0.2
	explains 'packets were sent with the SA in use, and none came back' "let ESP \(IP protocol 50\) from $SEEN_B pass"
	local status=$?
	filter gwA
	return "$status"
}

nobody_there() {
	swan_end && we "$GCM" && explains "no answer from $SEEN_B on UDP port 500 to IKE_SA_INIT: sent 6 times.*ICMP from $SEEN_B said: port unreachable" \
		"$(at remote)no IKE daemon listens there"
}

prohibited() {
	filter gwB 'udp dport 500 reject with icmpx admin-prohibited' && we "$GCM" 'dpd-interval = "5s"' &&
		explains "ICMP from $SEEN_B said: administratively prohibited" 'open them'
}

silence() {
	filter gwB 'udp dport 500 drop' && we "$GCM" && explains 'to IKE_SA_INIT: sent 6 times.*; no ICMP came back' "$(at remote)is remote right"
	local status=$?
	filter gwB
	return "$status"
}

no_route_out() {
	in_ns gwA ip -4 route show default >/tmp/default && in_ns gwA ip -4 route del default &&
		explains "there is no route to the peer $SEEN_B: " "could not even be sent: Network is unreachable"
	local status=$?
	xargs -a /tmp/default ip -n gwA -4 route add
	return "$status"
}

loop() {
	ip -n gwA route add "$SEEN_B/32" dev vti0 && explains "the route to the peer $SEEN_B leads into vti0, the tunnel itself" 'ip route add'
	local status=$?
	ip -n gwA route del "$SEEN_B/32" dev vti0
	return "$status"
}

# Outer packets with a mark, or bound to a VRF, have another way than all others: it is
# theirs that counts, whether it is the worse or the better one.
other_ways() {
	ip -n gwA -batch - <<-EOT || return
		rule add fwmark 7 table 77
		route add unreachable default table 77
		link set vti0 type ipsvti fwmark 7
	EOT
	explains "there is no route to the peer $SEEN_B with mark 0x7: " 'do: add one, such as: ip route add .* table TABLE, with the one' &&
		ip -n gwA route replace default via 192.0.2.254 table 77 && ip -n gwA -4 route del default &&
		! explain | grep 'there is no route to the peer'
	local status=$?
	ip -n gwA -batch - <<-EOT || return
		route replace default via 192.0.2.254
		route add $SEEN_B dev vti0 table 77
	EOT
	[ "$status" = 0 ] && explains "the route to the peer $SEEN_B with mark 0x7 leads into vti0, the tunnel itself" || return
	ip -n gwA -batch - <<-EOT || return
		rule del fwmark 7 table 77
		link add blue type vrf table 20
		link set blue up
		route add unreachable default vrf blue metric 8192
		link set vti0 type ipsvti fwmark 0 dev blue
	EOT
	explains "there is no route to the peer $SEEN_B by blue: " "do: add one, such as: ip route add $SEEN_B via GATEWAY vrf blue" &&
		ip -n gwA route add default via 192.0.2.254 dev wan vrf blue && ! explain | grep 'there is no route to the peer'
	status=$?
	ip -n gwA link del vti0 && ip -n gwA link del blue && ctl gwA up vti0 && device gwA
	return "$status"
}

# An MTU that does not follow the path, and what comes of it.
mtu() {
	ip -n gwA link set vti0 mtu 1500 && explains 'note: the MTU of vti0 was set to 1500 by hand' 'do: ip link set vti0 type ipsvti mtu-auto on' &&
		ip -n gwA link set vti0 type ipsvti mtu-auto on mss-clamp off && ! explain | grep 'the MTU of' || return
	explains 'note: vti0 leaves the MSS of TCP as it is' 'do: ip link set vti0 type ipsvti mss-clamp auto' &&
		ip -n gwA link set vti0 type ipsvti mss-clamp auto && ! explain | grep 'the MSS of'
}

device_matters() {
	ip -n gwA route del 10.2.0.0/24 dev vti0 && ip -n gwA -6 route del fd00:2::/64 dev vti0 &&
		explains 'no route leads into vti0 but those of its own addresses' && ip -n gwA addr flush dev vti0 scope global &&
		explains 'device vti0 has no address' && ip -n gwA link set vti0 down && explains 'error: device vti0 is set down' 'do: ip link set vti0 up' &&
		ip -n gwA link del vti0 && explains 'error: there is no device vti0' 'do: ipsvtictl up vti0 makes one'
}

not_our_address() {
	agent_conf gwA "$GCM" && sed -i "s/^local = .*/local = \"192.0.2.77\"/" /etc/netns/gwA/ipsvti/vti0.conf &&
		in_ns gwA sysctl -qw net.ipv4.ip_nonlocal_bind=1 && ctl gwA reload && in_ns gwA sysctl -qw net.ipv4.ip_nonlocal_bind=0 &&
		ctl gwA up vti0
	explains '192.0.2.77 is not an address of this machine' "$(at local)give this machine the address"
}

# ---- certificates, between two of ours

# issue NAME CA [OPTION...]
issue() {
	openssl genpkey -algorithm ED25519 -out "$1.key" && openssl req -new -key "$1.key" -subj "/CN=$1" -config req.cnf -out "$1.csr" &&
		printf 'subjectAltName = DNS:%s.example\nkeyUsage = digitalSignature\n' "${1%%.*}" >"$1.ext" &&
		openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -set_serial 7 -extfile "$1.ext" -out "$1.pem" "${@:3}"
}

# issue_ca NAME [OPTION...]: one of root's
issue_ca() {
	openssl genpkey -algorithm ED25519 -out "$1.key" && openssl req -new -key "$1.key" -subj "/CN=$1" -config req.cnf -out "$1.csr" &&
		printf 'basicConstraints = critical, CA:TRUE\n' >"$1.ext" &&
		openssl x509 -req -in "$1.csr" -CA root.pem -CAkey root.key -set_serial 8 -extfile "$1.ext" -out "$1.pem" "${@:2}"
}

# An agent does not show a certificate of its own that has expired, so theirs is good, and
# that of its CA is not.
certificates() {
	umask 077
	mkdir -p "$PKI" && cd "$PKI" && printf '[req]\ndistinguished_name = dn\n[dn]\n' >req.cnf || return
	for ca in root other; do
		openssl req -x509 -newkey ed25519 -nodes -keyout "$ca.key" -out "$ca.pem" -subj "/CN=$ca" -days 3650 \
			-config req.cnf -addext basicConstraints=critical,CA:TRUE || return
	done
	issue gw-a root -days 30 && issue gw-b.good root -days 30 && issue gw-b.other other -days 30 &&
		issue_ca old-ca -not_before 20190101000000Z -not_after 20200101000000Z && issue gw-b.old old-ca -days 30 &&
		issue_ca new-ca -not_before 20900101000000Z -not_after 20910101000000Z && issue gw-b.new new-ca -days 30 || return
	cat old-ca.pem >>gw-b.old.pem
	cat new-ca.pem >>gw-b.new.pem
	cd / && umask 022
	agents_end
	cert_conf gwA gw-a gw-a gw-b && cert_conf gwB gw-b.good gw-b gw-a && agent_start gwB && agent_start gwA &&
		device gwA && device gwB && wait_for 30 'carrier gwA 1'
}

cert_conf() { # NS CERTIFICATE NAME PEER
	agent_conf "$1" && cp "$PKI"/* "/etc/netns/$1/ipsvti" || return
	sed -i '/^psk-file/d' "/etc/netns/$1/ipsvti/vti0.conf" && printf '%s\n' "cert-file = $2.pem" "key-file = $2.key" 'ca-file = root.pem' \
		>>"/etc/netns/$1/ipsvti/vti0.conf"
}

# Ours has expired: we do not even show it. The line that is named is the one to mend.
own_expired() {
	(cd "$PKI" && umask 077 && issue gw-a.late root -not_before 20190101000000Z -not_after 20200101000000Z) &&
		cert_conf gwA gw-a.late gw-a gw-b && ctl gwA reload && ctl gwA down vti0 && wait_for 20 "carrier gwA 0" && ctl gwA up vti0 &&
		explains 'error: our own certificate has expired on 2020-01-01 .*; the clock here says 20' \
			"$(at cert-file)put a new certificate there, with its key into key-file, then ipsvtictl reload" &&
		cert_conf gwA gw-a gw-a gw-b && ctl gwA reload && wait_for 40 'carrier gwA 1' && explains '^  nothing is wrong$'
}

# theirs CERTIFICATE: they use it from the next authentication on
theirs() {
	cert_conf gwB "$1" gw-b gw-a && ctl gwB reload && ctl gwA down vti0 && wait_for 20 "carrier gwA 0" && ctl gwA up vti0
}

bad_certificates() {
	theirs gw-b.other && explains 'unknown CA: certificate "CN=gw-b.other" was issued by "CN=other"' "$(at ca-file)add the CA" &&
		theirs gw-b.old && explains 'certificate "CN=old-ca" has expired on 2020-01-01.*; the clock here says 20' &&
		theirs gw-b.new && explains 'certificate "CN=new-ca" is not valid before 2090-01-01.*the clock here says 20' 'correct the clock of this machine'
}

# strongSwan shows what it has, as an agent of ours would not.
expired() {
	cd "$PKI" && issue gw-b.late root -not_before 20190101000000Z -not_after 20200101000000Z && cd / || return
	agents_end
	cert_conf gwA gw-a gw-a gw-b && mkdir -p "$SWAN"/swanctl/{private,x509,x509ca} && cp "$PKI/gw-b.late.pem" "$SWAN/swanctl/x509" &&
		cp "$PKI/gw-b.late.key" "$SWAN/swanctl/private" && cp "$PKI/root.pem" "$SWAN/swanctl/x509ca" || return
	SWAN_REMOTE="auth = pubkey
		id = gw-a.example" SWAN_LOCAL="auth = pubkey
		certs = gw-b.late.pem
		id = gw-b.example" swan_start && agent_start gwA && device gwA &&
		explains 'certificate "CN=gw-b.late" has expired on 2020-01-01.*; the clock here says 20' \
			"$(at ca-file)give the peer a new certificate; if it should be valid, correct the clock of this machine"
}

ktap_run "the module and two sites" load
ktap_run "we and strongSwan, with other suites" begin
ktap_run "they refuse our IKE proposal" ike_refused
ktap_run "their IKE proposal beside ours, and what would match" ike_compared
ktap_run "that done: their ESP proposal beside ours, and what would match" esp_compared
ktap_run "that done, the tunnel is up, and nothing is wrong" advice_helps
ktap_run "PFS that does not fit: the next rekey will fail" pfs
ktap_run "AUTHENTICATION_FAILED has several reasons" psk_refused
ktap_run "another key, as we see it" psk_compared
ktap_run "they are somebody else" identity
ktap_run "they want somebody else" our_identity
ktap_run "we refuse their proposals" we_refuse
ktap_run "traffic selectors" selectors
ktap_run "packets that were dropped" drops
ktap_run "IKE_AUTH is refused by ICMP" port_500
ktap_run "UDP port 4500 is shut, without a word and by ICMP" port_4500
ktap_run "and by ICMPv6" port_4500_ipv6
ktap_run "a NAT" nat_seen
ktap_run "ESP does not come back" nothing_back
ktap_run "nobody is there: ICMP says so" nobody_there
ktap_run "a firewall says no, or nothing" eval 'prohibited && silence'
ktap_run "no way to the peer, and one through the tunnel" eval 'no_route_out && loop'
ktap_run "another way for marked packets, and in a VRF" other_ways
ktap_run "an MTU by hand, and no MSS clamping" mtu
ktap_run "route, address, device" device_matters
ktap_run "an outer address of somebody else" not_our_address
ktap_run "certificates: the tunnel is up" certificates
ktap_run "certificates: our own has expired" own_expired
ktap_run "certificates: unknown CA, expired, not valid yet" bad_certificates
ktap_run "certificates: theirs has expired" expired
fresh
ktap_end
