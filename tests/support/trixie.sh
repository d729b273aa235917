#!/bin/bash
# Debian 13's system, made as a folder that booted.py can boot: this machine's systemd is of one
# version, and the service must hold under the next one as well. It needs root and mmdebstrap, and
# comes from the mirror that this machine's apt is set to, with its signatures checked.
# Argument: the folder.
set -euo pipefail
folder=$1

# /bin/kill, which the unit reloads by; useradd and rsync, as the laptop's account has them; and
# what the interpreter and its wheels need, which are this machine's own.
packages="systemd libpam-systemd dbus procps passwd rsync libstdc++6 libexpat1 libffi8 libsqlite3-0 libbz2-1.0 libuuid1"

codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
mirror=$(apt-get --print-uris update | sed -n "s,^'\([^']*\)/dists/$codename/.*,\1,p" | head -n 1)
if [ -z "$mirror" ]; then
  echo "apt names no mirror for $codename: is this a Debian?" >&2
  exit 1
fi

made() {
  rm -rf "$folder.partial"
  mmdebstrap --quiet --mode=root --variant=essential --include="$packages" \
    --dpkgopt=force-unsafe-io --dpkgopt=path-exclude='/usr/share/doc/*' \
    --dpkgopt=path-exclude='/usr/share/man/*' --dpkgopt=path-exclude='/usr/share/locale/*' \
    trixie "$folder.partial" "$mirror"
}

mkdir -p "$(dirname "$folder")"
made || { sleep 10 && made; }
rm -rf "$folder"
mv "$folder.partial" "$folder"
touch "$folder" # newer than this program, for make
