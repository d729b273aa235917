#!/bin/bash
# Run by booted.py inside new namespaces: lay a throw-away overlay over a root, move into it and
# become systemd. Arguments: a scratch folder, the root, then pairs of a folder or file and the place
# inside where it is seen, read-only. All of it is gone when the process is.
set -euo pipefail
scratch=$1; lower=$2; root=$scratch/root; shift 2
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$scratch"
mkdir "$scratch"/{lower,upper,work,root}
mount --bind "$lower" "$scratch/lower" # under a name that holds no colon, which parts layers
layers=lowerdir=$scratch/lower,upperdir=$scratch/upper,workdir=$scratch/work
mount -t overlay -o "$layers" overlay "$root"

mkdir -p "$root"/{proc,sys,dev,run,tmp}
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
# Else systemd-sysctl inside would write the settings of the machine outside.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro,nosuid,nodev,noexec "$root/proc/sys"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
while read -r name major minor; do
  mknod -m 666 "$root/dev/$name" c "$major" "$minor"
done <<< $'null 1 3\nzero 1 5\nfull 1 7\nrandom 1 8\nurandom 1 9\ntty 5 0'
mkdir "$root"/dev/{pts,shm}
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"

# What would reach for the machine's hardware, and what takes time.
for unit in systemd-udevd.service systemd-logind.service systemd-sysctl.service \
  systemd-modules-load.service systemd-remount-fs.service dev-hugepages.mount dev-mqueue.mount \
  sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount \
  sys-kernel-config.mount; do
  ln -sfn /dev/null "$root/etc/systemd/system/$unit"
done
mkdir -p "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' \
  > "$root/etc/systemd/journald.conf.d/00-test.conf"
: > "$root/etc/fstab"
[ -s "$root/etc/machine-id" ] || tr -d - < /proc/sys/kernel/random/uuid > "$root/etc/machine-id"
hostname booted
ip link set lo up 2> /dev/null || true

while [ $# -gt 0 ]; do
  if [ -d "$1" ]; then mkdir -p "$root$2"; else mkdir -p "$root${2%/*}"; : > "$root$2"; fi
  mount --bind "$1" "$root$2"
  mount -o remount,bind,ro "$root$2"
  shift 2
done

cd "$root"
mkdir run/old
pivot_root . run/old
umount -l /run/old
rmdir /run/old
# As a real boot does; else mounts would not reach the units as they do on a box.
mount --make-rshared /
exec env -i container=booted PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  LANG=C.UTF-8 /lib/systemd/systemd --system --unit=basic.target --log-target=journal --show-status=0
