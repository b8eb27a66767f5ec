#!/bin/sh
# dnsmasq's dhcp-script. Leases are written nowhere: the kernel keeps them in its set "leased", whose ends no clock can move, and
# dnsmasq asks this with "init" at its start for those it had. Whoever has an address without a lease stands in the table of neighbours.
#
# dnsmasq itself counts by the wall clock. When that is set, its leases end at once or not for years: then it begins anew here.
run=${CAMPBOX_RUN:-/run/campbox}
table="inet campbox"
clock=$run/dnsmasq-captive/clock # what the wall clock was at power on, as this dnsmasq's start saw it
jump=60 # seconds: what a time server corrects little by little is less

key() { # hardware address, IPv4 address -> how the sets name them, in $pair and $address
    mac=0x$(echo "$1" | tr -d :)
    address=$(IFS=. && set -- $2 && printf '0x%02x%02x%02x%02x' "$@")
    pair="$mac . $address"
}

leases() { # "hardware-address address seconds-left", from numbers
    nft -j list set $table leased 2>/dev/null | tr '{' '\n' |
        sed -n -E 's/^"concat": \[([0-9]+), ([0-9]+)\]\}.*"expires": ([0-9]+).*/\1 \2 \3/p' |
        while read -r mac address left; do
            mac=$(printf '%012x' "$mac")
            echo "leased ${mac%??????????}:$(echo "${mac#??}" | sed 's/../&:/g; s/:$//')" \
                "$((address >> 24)).$((address >> 16 & 255)).$((address >> 8 & 255)).$((address & 255)) $left"
        done
}

since_power_on() { # seconds, in $up: when this very shell began (proc_pid_stat(5), field 22), for a unit may not see /proc/uptime
    read -r own <"/proc/$$/stat" && set -- ${own##*) } && up=$((${20} / 100))
}

begin_anew() { # only while the dnsmasq that called still lives: what it told before it ended is no news to the next one
    main=$(cat "$run/dnsmasq-captive/pid") || exit 0
    grep -q "^PPid:[[:space:]]*$main\$" "/proc/$PPID/status" || exit 0
    for other in admitted garden; do # their caches count by the wall clock, too
        [ -f "$run/dnsmasq-$other/pid" ] && kill -HUP "$(cat "$run/dnsmasq-$other/pid")"
    done
    kill -KILL "$main" # at once: it would first tell of every lease
    exit 0
}

case "$1" in
init)
    bridge=$(sed -n 's/^interface=//p' "$run/conf/dnsmasq-captive.conf") || exit 0
    now=$(date +%s)
    since_power_on && echo $((now - up)) >"$clock"
    { leases && ip -4 neighbour show dev "$bridge"; } | awk -v now="$now" '
        $1 == "leased" { if (!($3 in held)) print now + $4, $2, $3, "*", "*"; held[$3] = known[$2] = 1; next }
        $2 == "lladdr" && !($1 in held) && !($3 in known) { print now + 3600, $3, $1, "*", "*" }'
    ;;
del)
    key "$2" "$3"
    if [ "${DNSMASQ_LEASE_EXPIRES:-0}" -gt "$(date +%s)" ]; then # given back, or changed for another
        nft delete element $table leased "{ $pair }" 2>/dev/null
        nft delete element $table taken "{ $address }" 2>/dev/null
    else # ended: if the kernel knows better, the clock was set
        nft get element $table leased "{ $pair }" 2>/dev/null | grep -q 'expires [0-9]*h\|expires [0-9]*m[0-9]*s' && begin_anew
    fi
    ;;
add)
    since_power_on && read -r begun <"$clock" || exit 0
    moved=$(($(date +%s) - up - begun))
    [ "${moved#-}" -gt $jump ] && begin_anew
    ;;
esac
exit 0
