#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs on a Debian 13 that "prepare" has installed the packages on, after it has booted
# with systemd: is the tunnel up, by itself, does it stay through an upgrade, do the other
# unit and completion work, and what does a purge leave of all that runs?
set -u
said=/var/lib/lab
n=0 failed=0
result() { # STATUS TITLE [WHY]
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n $2"
		return
	fi
	echo "not ok $n $2"
	failed=$((failed + 1))
	[ -z "${3:-}" ] || echo "# ${3//$'\n'/$'\n'# }"
}
same() { # TITLE WANTED FOUND
	[ "$2" = "$3" ]
	result $? "$1" "expected: $2"$'\n'"found: $3"
}
wait_for() { # SECONDS COMMAND...
	local end=$((SECONDS + $1)) looks=0
	shift
	until "$@" >/dev/null 2>&1; do
		looks=$((looks + 1))
		[ $SECONDS -lt $end ] || [ $looks -lt 20 ] || return 1
		sleep 0.2
	done
}
carries() { ping -n -c 1 -W 1 "$1"; }

# all_are N: whether what Prometheus would get says so of agent, tunnel and carrier
all_are() (
	rm -f /run/scrape
	exec 3<>/dev/tcp/127.0.0.1/9110 && printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3 && sed '1,/^\r$/d' <&3 >/run/scrape || exit
	[ "$(grep -cxF -e "ipsvti_agent_up $1" -e "ipsvti_tunnel_up{tunnel=\"vti0\"} $1" \
		-e "ipsvti_tunnel_carrier{tunnel=\"vti0\"} $1" /run/scrape)" = 3 ]
)
scraped() { grep -E '^ipsvti_(agent|tunnel)_(up|carrier)' /run/scrape; journalctl --no-pager -n 20 -u ipsvti-metrics; }

echo "KTAP version 1"
release=$(uname -r)
version=$(dpkg-query -f '${Version}' -W ipsvti-dkms)
built() { # VERSION KERNEL...: as dkms says it
	local version=$1 r
	shift
	for r; do echo "ipsvti/$version, $r, x86_64: installed"; done
}
mapfile -t kernels < <(cd /lib/modules && printf '%s\n' * | sort)
same "dkms builds the module when it is installed" "$(built 0.0 "$release")" "$(cat $said/dkms-old)"
same "an upgrade leaves the new one only" "$(built "$version" "$release")" "$(cat $said/dkms-new)"
same "another kernel's headers come: it is built for that one" "$(built "$version" "${kernels[@]}")" \
	"$(sort $said/dkms-next)"
same "purge leaves nothing: no file, no user" "" "$(diff $said/before $said/after)"
same "the unit is enabled" enabled "$(cat $said/enabled)"

same "no unit has failed" "" "$(systemctl --failed --no-legend --plain; systemctl --failed --no-legend --plain |
	awk '{ print $1 }' | xargs -r -n 1 journalctl --no-pager -n 20 -u)"
same "the agent runs" active "$(systemctl is-active ipsvti-iked)"
wait_for 60 carries 169.254.1.2
result $? "the tunnel carries after the boot, nobody has touched anything" \
	"$(ipsvtictl status; journalctl --no-pager -n 40 -u ipsvti-iked -u peer; ip addr; dmesg | tail)"
carries 10.2.0.1 >/dev/null
result $? "and what networkd routes into it" "$(ip route)"
same "the module is the one that dkms built" "/lib/modules/$release/updates/dkms/ipsvti.ko.xz" "$(modinfo -F filename ipsvti)"
same "it had to be loaded by nobody" 1 "$(grep -c '^ipsvti ' /proc/modules)"

mapfile -t pids </sys/fs/cgroup/system.slice/ipsvti-iked.service/cgroup.procs
same "AppArmor confines both processes" "ipsvti-iked (enforce) ipsvti-iked (enforce)" \
	"$(for p in "${pids[@]}"; do cat "/proc/$p/attr/current"; done | xargs)"
same "one of them is another user's" "_ipsvti root" "$(ps -o user= "${pids[@]}" | sort | xargs)"
same "it hears what ICMP says" 2 "$(ss -Hwnlp | grep -c ipsvti-iked)"
same "nothing was denied" "" "$(dmesg | grep 'apparmor="DENIED"')"
same "systemd finds the unit well confined" OK \
	"$(systemd-analyze security --no-pager ipsvti-iked | awk '/Overall/ { print ($(NF-2) < 2.5) ? "OK" : $0 }')"
ipsvtictl status --json >/run/status
result $? "ipsvtictl speaks with it" "$(cat /run/status)"
man=$(find /usr/share/man -name 'ipsvti*' -o -name 'ip-link-ipsvti*' | wc -l)
same "man pages came with it" 5 "$man"
bash -ex $said/there >/run/there 2>&1
result $? "the lines of install.md find it" "$(cat /run/there)"

# The program that checks is the agent's, and so is its profile.
sed 's|"\(.*\.psk\)"|"/etc/ipsvti/\1"|' /etc/ipsvti/vti0.conf >/srv/draft.conf
ipsvtictl check /srv/draft.conf >/run/check 2>&1
status=$?
same "a draft elsewhere cannot be checked, and the error says why and what to do" "2 1" \
	"$status $(grep -c 'draft.conf: .*Permission denied, even to root; .*/etc/apparmor.d/local/usr.sbin.ipsvti-iked' /run/check)"
mkdir -p /etc/apparmor.d/local
local=/etc/apparmor.d/local/usr.sbin.ipsvti-iked
[ ! -e $local ] || cp -a $local /run/local
echo '/srv/*.conf r,' >>$local
apparmor_parser -r /etc/apparmor.d/usr.sbin.ipsvti-iked
ipsvtictl check /srv/draft.conf >/run/check 2>&1
result $? "what it says to do helps" "$(cat /run/check)"
rm /srv/draft.conf $local
[ ! -e /run/local ] || mv /run/local $local
apparmor_parser -r /etc/apparmor.d/usr.sbin.ipsvti-iked

# As somebody types it: the completed line does what it says.
printf '%s\n' '. /usr/share/bash-completion/completions/ipsvtictl' $'ipsvtictl sta\t' $'ipsvtictl show v\t' exit |
	TERM=dumb script -qec 'bash --norc --noprofile -i' /dev/null >/run/typed
same "completion: a verb, and the tunnel that there is" "1 1 1" \
	"$(for line in '^[^ ]*[#$] ipsvtictl status ' '^vti0: up for ' '^[^ ]*[#$] ipsvtictl show vti0 '; do grep -c "$line" /run/typed; done | xargs)"

# As an administrator changes something. The agent makes the new tunnel's device from where its
# unit has put it, and the one that says "reload" to it is there, too.
unit() { systemctl show -P "$1" ipsvti-iked; }
as_it_was() { echo "$(unit ActiveState) $(unit MainPID) $(ipsvtictl sa show vti0 | grep -o 'spi 0x[0-9a-f]*' | xargs)"; }
told() { journalctl --no-pager -q -u ipsvti-iked --after-cursor "$1" | grep -E "ipsvtictl.*: $second:$2"; }
cursor() { journalctl -q -n 0 --show-cursor | sed -n 's/^-- cursor: //p'; }
remote_of() { ipsvtictl --json show "$1" | grep -o '"remote": "[0-9.]*"' | head -n 1; }
denials() { dmesg | grep -c 'apparmor="DENIED"'; }
one_pair() { [ "$(ipsvtictl sa show vti0 | grep -c 'spi 0x')" = 2 ]; }
wait_for 60 one_pair # the two ends may both have begun
was=$(as_it_was) denied=$(denials) second=/etc/ipsvti/vti1.conf
sed 's/^remote .*/remote = "203.0.113.9"/' /etc/ipsvti/vti0.conf >$second
echo 'start = "passive"' >>$second
systemctl reload ipsvti-iked 2>/run/reload
same "systemctl reload: a second tunnel is there, with its device, and the first one goes on" \
	"0 success \"remote\": \"203.0.113.9\" remote 203.0.113.9 $was" \
	"$? $(unit ReloadResult) $(remote_of vti1) $(ip -d link show vti1 | grep -o 'remote 203.0.113.9') $(as_it_was)"
sed -i 's/203.0.113.9/203.0.113.10/' $second
systemctl reload ipsvti-iked 2>/run/reload
same "systemctl reload: what was changed is in effect" "0 success \"remote\": \"203.0.113.10\" $was" \
	"$? $(unit ReloadResult) $(remote_of vti1) $(as_it_was)"
good=$(<$second)
# refused TITLE CHANGE LINE: of the file; the reload fails, the journal has the line, nothing else changes
refused() {
	local from
	from=$(cursor)
	sed -i "$2" $second
	systemctl reload ipsvti-iked 2>/run/reload
	same "systemctl reload: $1: it fails, systemd says so, and all is as it was" "1 exit-code \"remote\": \"203.0.113.10\" $was" \
		"$? $(unit ReloadResult) $(remote_of vti1) $(as_it_was)"
	wait_for 20 told "$from" "$3"
	result $? "and the journal has file, line and reason" "$(journalctl --no-pager -n 20 -u ipsvti-iked)"
}
refused "a file that is broken" '$anonsense = 1' '[0-9]+: unknown key "nonsense"'
sed -i '/^nonsense/d; s/^remote .*/remote = "203.0.113.11"/' $second
refused "an address that this machine does not have" 's/^local .*/local = "192.0.2.77"/' '1: local: 192.0.2.77 is not an address of this machine; '
sysctl -qw net.ipv4.ip_nonlocal_bind=1
systemctl reload ipsvti-iked 2>/run/reload
same "systemctl reload: the way that it names leads there" "0 success \"remote\": \"203.0.113.11\" $was" \
	"$? $(unit ReloadResult) $(remote_of vti1) $(as_it_was)"
sysctl -qw net.ipv4.ip_nonlocal_bind=0
echo "$good" >$second
systemctl reload ipsvti-iked 2>/run/reload
same "systemctl reload: the file is as it was" "0 success \"remote\": \"203.0.113.10\" $was" \
	"$? $(unit ReloadResult) $(remote_of vti1) $(as_it_was)"
rm $second
systemctl reload ipsvti-iked 2>/run/reload
same "systemctl reload: without its file the tunnel is not there any more" "0 success 0 $was" \
	"$? $(unit ReloadResult) $(ipsvtictl status | grep -c '^vti1') $(as_it_was)"
ip link del vti1
carries 10.2.0.1 >/dev/null
result $? "the first tunnel carries after all that" "$(ipsvtictl status; cat /run/reload)"
same "and nothing was denied by it" "$denied" "$(denials)"

same "metrics are off unless somebody wants them" "disabled inactive" \
	"$(systemctl is-enabled ipsvti-metrics) $(systemctl is-active ipsvti-metrics)"
systemctl start ipsvti-metrics
wait_for 20 all_are 1
result $? "metrics: when the unit is started, the agent and the tunnel are 1" "$(scraped)"
same "systemd finds its unit well confined" OK \
	"$(systemd-analyze security --no-pager ipsvti-metrics | awk '/Overall/ { print ($(NF-2) < 2.5) ? "OK" : $0 }')"

before=$(md5sum /etc/ipsvti/*) agent=$(systemctl show -P MainPID ipsvti-iked) downs=$(cat /sys/class/net/vti0/carrier_down_count)
ping -n -i 0.05 -W 2 10.2.0.1 >/run/ping &
ping=$!
DEBIAN_FRONTEND=noninteractive dpkg -i /var/lib/lab/ipsvti_next.deb >/run/dpkg 2>&1
result $? "the agent's package is upgraded under ping" "$(cat /run/dpkg)"
another() {
	local now
	now=$(systemctl show -P MainPID ipsvti-iked)
	[ "$now" != 0 ] && [ "$now" != "$agent" ]
}
wait_for 20 another
result $? "another agent runs then" "$(systemctl status --no-pager ipsvti-iked)"
replaced() { journalctl --no-pager -u ipsvti-iked | grep -q 'pairs of an earlier agent .* are replaced'; }
wait_for 60 replaced && carries 10.2.0.1 >/dev/null
result $? "it has replaced what it found, and the tunnel carries" \
	"$(ipsvtictl status; journalctl --no-pager -n 40 -u ipsvti-iked -u peer)"
kill -INT $ping
wait $ping
lost=$(awk '/transmitted/ { print $1 - $4 }' /run/ping)
# The SAs carry until new ones do, at both ends. (It may be told to end before the last answer.)
echo "# lost, of 20 a second: $lost"
few() { [ "${lost:-1000}" -le 1 ]; }
few
result $? "no ping was lost but the one that was under way at the end" \
	"$(tail -n 3 /run/ping; journalctl --no-pager -n 40 -u ipsvti-iked -u peer)"
same "the tunnel was up all the time" "$downs" "$(cat /sys/class/net/vti0/carrier_down_count)"
wait_for 20 all_are 1
result $? "metrics: so do they say after the upgrade" "$(scraped)"
same "the configuration is as it was" "$before" "$(md5sum /etc/ipsvti/*)"
same "the agent runs, the new one" "active $(dpkg-query -f '${Version}' -W ipsvti)" \
	"$(systemctl is-active ipsvti-iked) $(dpkg-query -f '${Version}' -W ipsvti)"

# What is configured is 0 then, and not absent.
server=$(systemctl show -P MainPID ipsvti-metrics)
systemctl stop ipsvti-iked
wait_for 20 all_are 0
result $? "metrics: the agent is stopped: it and the tunnel are 0" "$(scraped)"

# The other way to configure a machine.
systemctl mask --now systemd-networkd.socket systemd-networkd >/run/mask 2>&1
ip link del vti0
mkdir -p /etc/network/interfaces.d
cp /usr/share/doc/ipsvti/examples/ifupdown/vti0 /etc/network/interfaces.d/
wait_for 20 all_are 0
result $? "metrics: the tunnel is 0 without a device, too" "$(scraped)"
ifup vti0 2>/run/ifup
result $? "ifupdown: the example makes the device" "$(cat /run/ifup)"
systemctl start ipsvti-iked && ipsvtictl up vti0 >/run/up 2>&1
result $? "when the unit is started, ipsvtictl can be used" "$(cat /run/up)"
wait_for 60 carries 10.2.0.1
result $? "ifupdown: it carries" "$(ipsvtictl status; ip addr; ip route; journalctl --no-pager -n 40 -u ipsvti-iked)"
wait_for 20 all_are 1
result $? "metrics: the agent is back" "$(scraped)"
same "metrics: it was one process all the time" "$server" "$(systemctl show -P MainPID ipsvti-metrics | grep -vx 0)"
systemctl stop ipsvti-iked
ifdown -v vti0 >/run/ifdown 2>&1
result $? "ifupdown: it can be taken down" "$(cat /run/ifdown)"
same "ifupdown: it is gone" "" "$(ip -o link show type ipsvti)"

# Purged while all of it runs, and nobody has stopped anything.
systemctl start ipsvti-iked && ipsvtictl up vti0 wait 60 >/run/up 2>&1
result $? "the agent makes a device that is missing, and the tunnel is up" "$(cat /run/up)"
ip link set dev vti0 up
dpkg -L ipsvti ipsvti-dkms >/run/owned
apt-get -q -y purge ipsvti ipsvti-dkms >/run/purge 2>&1
result $? "purge, while the tunnel is up" "$(cat /run/purge)"
same "purge: no process is left" "" "$(pgrep -ax 'ipsvti-iked|ipsvtictl')"
same "purge: the device is, and has no carrier" "NO-CARRIER" "$(ip -o link show vti0 | grep -o NO-CARRIER)"
left() {
	while read -r f; do
		[ -d "$f" ] || [ ! -e "$f" ] || echo "$f"
	done </run/owned
	find /etc /run /var/lib /lib/modules -xdev \( -path /etc/netns -o -path $said \) -prune -o -name '*ipsvti*' -print
	getent passwd _ipsvti
	# The lab's own folder is a mount, which is called by its path.
	systemctl list-units --type=service,socket,timer --all --no-legend --plain '*ipsvti*'
	systemctl list-unit-files --no-legend '*ipsvti*'
	dkms status ipsvti
	dpkg-query -W '*ipsvti*'
	grep ipsvti /sys/kernel/security/apparmor/profiles
}
same "purge: no file, unit, user, module of dkms or profile is left" "" "$(left 2>/run/left)"
same "purge: no unit has failed" "" "$(systemctl --failed --no-legend --plain)"
systemctl stop peer
rmmod ipsvti 2>/run/rmmod
same "purge: the module that was loaded can go, and with it the device" "0 " \
	"$? $(cat /run/rmmod; grep '^ipsvti ' /proc/modules; ip -o link show dev vti0 2>/dev/null)"
same "the kernel has said nothing bad" "" "$(dmesg --level=emerg,alert,crit,err,warn |
	grep -iE 'ipsvti|BUG|WARNING|Oops' | grep -vE 'taint')"
echo "1..$n"
[ $failed -eq 0 ]
