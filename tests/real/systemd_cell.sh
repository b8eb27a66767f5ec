#!/bin/bash
# Boots a systemd of its own over a copy-on-write view of this machine's root, in the namespaces its caller made.
# systemd_cell.sh STAGE WORK CODE ENVIRONMENT: STAGE's etc is laid over /etc; CODE appears as /opt/campbox, the Python
# environment as /opt/campbox-env; WORK holds what is written. Ends with 77 where a machine does not allow it.
set -u
stage=$1 work=$2 code=$3 environment=$4
may() { "$@" || exit 77; }
may mount --make-rprivate /
mkdir -p "$work"/{up,redirect,root}
may mount -t overlay cell -o "lowerdir=/,upperdir=$work/up,workdir=$work/redirect" "$work/root"
cd "$work/root" || exit 77
may mount -t proc proc proc
may mount -t sysfs sysfs sys
may mount -t cgroup2 cgroup2 sys/fs/cgroup
may mount -t tmpfs -o mode=755 run run
may mount -t tmpfs -o mode=755 dev dev
for name in null zero full random urandom tty; do
    touch "dev/$name"
    may mount --bind "/dev/$name" "dev/$name"
done
mkdir -p dev/pts dev/shm opt/campbox opt/campbox-env mnt
may mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
may mount --bind "$code" opt/campbox
may mount --bind "$environment" opt/campbox-env
# What a machine starts by itself stays out: nothing but Campbox is under trial, and nothing of the machine's own is set.
: > etc/fstab
rm -f etc/systemd/system/*.target.wants/*
for name in systemd-sysctl systemd-binfmt systemd-modules-load systemd-udevd systemd-udev-trigger systemd-random-seed \
    systemd-timesyncd systemd-update-utmp; do
    ln -sf /dev/null "etc/systemd/system/$name.service"
done
cp -a "$stage"/etc/. etc/
ln -sf /etc/systemd/system/campbox.target etc/systemd/system/default.target
pivot_root . mnt || exit 77
exec env -i container=campbox PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /bin/sh -c \
    'umount -l /mnt; exec /lib/systemd/systemd --system --log-target=journal --show-status=false'
