# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# strongSwan as the other gateway, gwB: charon-systemd with the kernel's XFRM, and an
# XFRM interface (if_id 42) that the LAN of site A is routed into, so that nothing of
# it depends on policies of its own making. Sourced by strongswan-*.sh, which set
#
#   FAMILY=4|6        of the outer packets
#   NAT=none|a|b      who is behind a NAT; the NAT gives ports of its own choice
#
# and call strongswan_tests. Whoever is not reachable from outside initiates in all
# tests; without a NAT each of both does.

# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"
# shellcheck source=selftests/ike/swan.sh
. "$IPSVTI_TREE/selftests/ike/swan.sh"

# The NAT of the lab keeps ports where it can. Not so here: 500 and 4500 are replaced.
move_ports() {
	in_ns nat nft -f - <<-EOT
		flush chain ip nat out
		add rule ip nat out oifname "out" meta l4proto udp masquerade to :20000-30000
		add rule ip nat out oifname "out" masquerade
	EOT
}

load() {
	modprobe ipsvti && topo_up "nat=$NAT" && endpoints "$FAMILY" || return
	[ "$NAT" = none ] || move_ports
}

# swan_files: what else belongs in $SWAN/swanctl; for who has certificates.
swan_files() { :; }

# swan_conf [KEY]: all there is to it. SWAN_CHARON is more of strongswan.conf, and
# SWAN_TRIES says how often a request is sent again.
swan_conf() {
	strongswan_conf "make_before_break = yes
			${SWAN_CHARON:-}"
	swan_connection "$@" && swan_files
}

# swan_connection [KEY]: SWAN_LOCAL and SWAN_REMOTE are the sections that say how to
# authenticate, SWAN_IKE and SWAN_ESP the proposals, SWAN_CHILD what the CHILD SA is for,
# SWAN_MORE is more of the connection.
swan_connection() {
	cat >"$SWAN/swanctl/swanctl.conf" <<-EOT
		connections {
			site-a {
				version = 2
				local_addrs = $WAN_B
				remote_addrs = $SEEN_A
				proposals = ${SWAN_IKE:-aes256gcm16-prfsha384-ecp384}
				mobike = no
				${SWAN_MORE:-}
				local {
					${SWAN_LOCAL:-auth = psk
					id = gw-b.example}
				}
				remote {
					${SWAN_REMOTE:-auth = psk
					id = gw-a.example}
				}
				children {
					lan {
						esp_proposals = ${SWAN_ESP:-aes256gcm16-ecp384}
						${SWAN_CHILD:-local_ts = 0.0.0.0/0, ::/0
						remote_ts = 0.0.0.0/0, ::/0
						if_id_in = 42
						if_id_out = 42}
					}
				}
			}
		}
		secrets {
			ike {
				secret = "${1:-$PSK}"
			}
		}
	EOT
}

swan_device() {
	ip -n gwB link add xfrm0 type xfrm dev wan if_id 42 || return
	ip -n gwB -batch - <<-EOT
		addr add 169.254.1.2/30 dev xfrm0
		link set xfrm0 up
		route add 10.1.0.0/24 dev xfrm0
		route add fd00:1::/64 dev xfrm0
	EOT
}

# swan_start [KEY]
swan_start() {
	swan_conf "$@" || return
	: >"$OUT/charon.log"
	ip netns exec gwB charon-systemd >"$OUT/charon.out" 2>&1 &
	CHARON=$!
	# (each swanctl that finds nothing yet takes as long as all that there is to wait for)
	wait_for 30 'grep -q "spawning .* worker threads" $OUT/charon.log' && swanctl --load-all
}

swan_end() {
	[ -n "${CHARON:-}" ] || return 0
	kill "$CHARON"
	wait_for 20 "! kill -0 $CHARON" || return
	wait "$CHARON"
	CHARON=
	in_ns gwB ip xfrm state flush
	in_ns gwB ip xfrm policy flush
}

swan_sas() { swan --list-sas --raw; }

# swan_installed: how many CHILD SAs it has in use.
swan_installed() { swan_sas | grep -c 'state=INSTALLED'; }

# swan_states: those of all its IKE SAs and CHILD SAs.
swan_states() { swan_sas | grep -o 'state=[A-Z_]*' | sort | xargs; }

# settled: each side has what it uses, and nothing else any more.
settled() {
	one_pair gwA && [ "$(swan_states)" = "state=ESTABLISHED state=INSTALLED" ]
}

# fresh: neither agent nor charon, and nothing left of either.
fresh() {
	agents_end
	swan_end
}

# come_up we|they [SECONDS]: both start, that one initiates, the tunnel comes up.
come_up() {
	local within=${2:-60}
	case $1 in
	we) swan_start && agent_start gwA && device gwA && wait_for "$within" 'carrier gwA 1' && wait_for 30 settled ;;
	they) agent_start gwA && device gwA && swan_start && swan --initiate --child lan --timeout "$within" &&
		wait_for 10 'carrier gwA 1' && settled ;;
	esac
}

# we_fail PATTERN [KEY]: they answer, and our log has the pattern.
we_fail() {
	swan_start "${@:2}" && agent_start gwA && device gwA && wait_for 60 "said gwA '$1'" && carrier gwA 0
}

# they_fail PATTERN [KEY]: they initiate, in vain, and our log has the pattern.
they_fail() {
	agent_start gwA && device gwA && swan_start "${@:2}" || return
	! swan --initiate --child lan --timeout 20 || return
	wait_for 30 "said gwA '$1'" && carrier gwA 0
}

we_initiate() {
	fresh
	agent_conf gwA "$@" && come_up we
}

they_initiate() {
	fresh
	agent_conf gwA 'start = "passive"' && come_up they 20
}

# ESP as the way to the peer wants it: bare, or in UDP to the port the NAT chose; and who
# asks is told where the NAT is.
encapsulation() {
	case $NAT in
	none) pairs gwA '.[0].encap == "none"' ;;
	a) pairs gwA '.[0] | .encap == "udp" and .["encap-dport"] == 4500' ;;
	b) pairs gwA '.[0] | .encap == "udp" and .["encap-dport"] >= 20000' ;;
	esac || return
	in_ns gwA ipsvtictl --socket /run/gwA.sock explain vti0 | tee /tmp/said
	case $NAT in
	none) ! grep 'NAT' /tmp/said ;;
	a) grep 'note: there is a NAT in front of us: ESP goes in UDP' /tmp/said && ! grep 'NAT in front of the peer' /tmp/said ;;
	b) grep 'note: there is a NAT in front of the peer: ESP goes in UDP' /tmp/said && ! grep 'NAT in front of us' /tmp/said ;;
	esac
}

# under_flow COMMAND...: while a numbered packet passes each way every millisecond.
# Succeeds if the command does and none was lost or came twice; FLOWED says what passed.
FLOWED=
under_flow() {
	local status=1 said
	if [ -z "${FLOW_PID:-}" ]; then
		# shellcheck disable=SC2034
		coproc FLOW { exec "$IPSVTI_TREE/selftests/ike/stream.py" hostA 10.1.0.2 hostB 10.2.0.2; }
	fi
	# (its ends, as the shell forgets them when it is gone)
	echo go >&"${FLOW[1]}" && read -r -t 60 said <&"${FLOW[0]}" && echo "$said" && [ "$said" = going ] && "$@"
	status=$?
	FLOWED=
	echo stop >&"${FLOW[1]}" && read -r -t 60 FLOWED <&"${FLOW[0]}"
	echo "each way: $FLOWED"
	[[ $FLOWED =~ ^sent\ [0-9]+\ lost\ 0\ twice\ 0\ silence\ [0-9]+\ sent\ [0-9]+\ lost\ 0\ twice\ 0\ silence\ [0-9]+$ ]] && return "$status"
}

# flow_end: as its sockets are in the namespaces, before these are made anew.
flow_end() {
	local pid=${FLOW_PID:-} to=${FLOW[1]:-}
	[ -n "$pid" ] || return 0
	exec {to}>&-
	wait "$pid"
}

# Silence would make the NAT forget us (RFC 3948, section 4): one octet every 20 s.
keepalives() {
	capture_start gwA wan /tmp/keepalives.pcap udp src port 4500 and 'udp[4:2] = 9' &&
		wait_for 45 'pause 1; [ "$(tcpdump -nr /tmp/keepalives.pcap 2>/dev/null | wc -l)" -ge 2 ]'
	local status=$?
	capture_stop
	return $status
}

# changed SPI: there is another pair in use than that one, and one only at their end. (What
# was replaced goes after a while, which "settled" waits for.)
changed() {
	[ "$(spi_out gwA)" != "$1" ] && [ "$(swan_installed)" = 1 ]
}

we_rekey() {
	local was
	was=$(spi_out gwA)
	ctl gwA rekey vti0 && wait_for 60 "changed $was"
}

they_rekey() {
	local was
	was=$(spi_out gwA)
	swan --rekey --child lan && wait_for 60 "changed $was"
}

ike_spi() { ctl gwA status | jq -er '.tunnels[0]["ike-sas"] | select(length == 1)[0]["spi-i"]'; }

we_rekey_ike() {
	local was
	was=$(ike_spi)
	ctl gwA rekey-ike vti0 && wait_for 30 "[ \"\$(ike_spi)\" != $was ]"
}

they_rekey_ike() {
	local was
	was=$(ike_spi)
	swan --rekey --ike site-a && wait_for 30 "[ \"\$(ike_spi)\" != $was ]"
}

# How often they were told that we have nothing with them.
initial_contacts() { grep -c 'IKE_AUTH request.*N(INIT_CONTACT)' "$OUT/charon.log"; }

replaced() { # IKE-SPI ESP-SPI
	[ "$(ike_spi)" != "$1" ] && changed "$2"
}

we_reauth() {
	local ike esp contacts
	ike=$(ike_spi) esp=$(spi_out gwA) contacts=$(initial_contacts)
	ctl gwA reauth vti0 && wait_for 60 "replaced '$ike' '$esp'" && said gwA 'authenticated anew by us' || return
	[ "$(initial_contacts)" = "$contacts" ]
}

# charon puts it off, for longer and longer, as long as it has a CHILD SA that was rekeyed.
they_reauth() {
	local ike esp
	wait_for 30 'pause 1; settled' || return
	ike=$(ike_spi) esp=$(spi_out gwA)
	swan --rekey --ike site-a --reauth && wait_for 60 "replaced '$ike' '$esp'" &&
		said gwA 'authenticated anew by the peer' && return
	swan_sas
	tail -n 60 "$OUT/charon.log" "$OUT/gwA.log"
	return 1
}

traffic() { pings_pass && tcp_both_ways; }

they_delete_child() {
	local was
	was=$(spi_out gwA)
	swan --terminate --child lan || return
	# Who wants the tunnel gets it again; who only answers says that it is gone.
	if [ "$1" = we ]; then
		wait_for 60 "changed $was" && pings_pass
	else
		wait_for 20 'carrier gwA 0' && wait_for 20 "pause 1; pairs gwA 'length == 0'"
	fi
}

they_delete_ike() {
	swan --terminate --ike site-a && wait_for 20 'carrier gwA 0' && wait_for 20 "pause 1; pairs gwA 'length == 0'"
}

we_delete() {
	agent_end gwA TERM && carrier gwA 0 && wait_for 20 '[ "$(swan_sas | grep -c site-a)" = 0 ]'
}

they_have_another_key() {
	fresh
	agent_conf gwA
	we_fail 'vti0: .*AUTHENTICATION_FAILED' "not the key"
}

they_come_with_another_key() {
	fresh
	agent_conf gwA 'start = "passive"'
	they_fail 'vti0: .*pre-shared key' "not the key"
}

# The tests of one role: who initiates.
role_tests() { # we|they
	local who=$1
	ktap_run "$who initiate: the tunnel comes up" "${who}_initiate"
	ktap_run "$who initiate: encapsulation" encapsulation
	ktap_run "$who initiate: pings and TCP pass both ways" traffic
	ktap_run "$who initiate: they rekey the CHILD SA, nothing is lost" under_flow they_rekey
	ktap_run "$who initiate: we rekey the CHILD SA, nothing is lost" under_flow we_rekey
	ktap_run "$who initiate: they rekey the IKE SA, nothing is lost" under_flow they_rekey_ike
	ktap_run "$who initiate: we rekey the IKE SA, nothing is lost" under_flow we_rekey_ike
	ktap_run "$who initiate: they authenticate anew, nothing is lost" under_flow they_reauth
	ktap_run "$who initiate: we authenticate anew, nothing is lost" under_flow we_reauth
	ktap_run "$who initiate: after all this both rekey once more" \
		under_flow eval "they_rekey && we_rekey && wait_for 30 'pause 1; settled'"
	ktap_run "$who initiate: they delete the CHILD SA" they_delete_child "$who"
}

# strongswan_tests [NAME COMMAND...]: all tests, and one more.
strongswan_tests() {
	local roles="we they" more=("$@")
	case $NAT in
	a) roles=we ;;
	b) roles=they ;;
	esac
	# shellcheck disable=SC2086
	set -- $roles
	case $NAT in
	a) ktap_plan 16 ;;
	*) ktap_plan $((3 + $# * 12 + (${#more[@]} > 0))) ;;
	esac
	ktap_run "the module, two sites, NAT: $NAT" load
	ktap_run "the XFRM interface" swan_device
	for who; do
		role_tests "$who"
		[ "$NAT" != a ] || ktap_run "keepalives hold the NAT open" keepalives
		case $who in
		we) ktap_run "we initiate: SIGTERM deletes on their side" we_delete ;;
		they) ktap_run "they initiate: they delete the IKE SA" eval 'they_initiate && they_delete_ike' ;;
		esac
	done
	case $roles in
	they) ktap_run "they come with another key" they_come_with_another_key ;;
	*) ktap_run "they have another key" they_have_another_key ;;
	esac
	[ ${#more[@]} = 0 ] || ktap_run "${more[@]}"
	fresh
	flow_end
	ktap_end
}
