#!/bin/sh
# Called by busybox udhcpc inside a phone's namespace: gives the phone the address, route and name server it was leased.
# /etc/resolv.conf there is the namespace's own, bind-mounted: it is written in place.
case "$1" in
deconfig)
    ip -4 address flush dev "$interface" scope global
    ;;
bound | renew)
    ip -4 address flush dev "$interface" scope global
    ip address add "$ip/${mask:-24}" dev "$interface"
    for gateway in $router; do
        ip route replace default via "$gateway" dev "$interface"
        break
    done
    {
        for server in $dns; do echo "nameserver $server"; done
        [ -z "$opt114" ] || echo "# option 114: $opt114"
    } >/etc/resolv.conf
    ;;
esac
exit 0
