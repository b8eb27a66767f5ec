#!/bin/sh
# dnsmasq's dhcp-script. Leases are written nowhere; a restarted dnsmasq asks this with "init" for those it had, and the
# kernel's neighbour table knows who has which address. Every other call (a lease made, renewed, ended) wants nothing done.
[ "$1" = init ] || exit 0
bridge=$(sed -n 's/^interface=//p' "${CAMPBOX_RUN:-/run/campbox}/conf/dnsmasq-captive.conf") || exit 0
ends=$(($(date +%s) + 3600))
ip -4 neighbour show dev "$bridge" | while read -r address word mac state; do
    [ "$word" = lladdr ] && echo "$ends $mac $address * *"
done
exit 0
