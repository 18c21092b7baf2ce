#!/bin/sh
# Makes the tree in which the library can be built for Android without Google's tools, to check it. Once, as root, on
# Debian; some minutes, 3.5 GB. Distribution packages alone.
#   setup-tree.sh MIRROR [ROOT] [CA-BUNDLE]      MIRROR: the Debian mirror that apt is set up with
set -eu
MIRROR=${1:?give the address of a Debian mirror}
ROOT=${2:-/opt/sid}
CA=${3:-/etc/ssl/certs/ca-certificates.crt}

command -v debootstrap > /dev/null || apt-get install -y --no-install-recommends debootstrap
[ -d "$ROOT/usr" ] || debootstrap --variant=minbase --include=ca-certificates sid "$ROOT" "$MIRROR"
# A mirror that lags behind is good enough.
echo 'Acquire::Check-Valid-Until "false";' > "$ROOT/etc/apt/apt.conf.d/99novalid"
cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
# So that cargo trusts there what this machine trusts.
cp "$CA" "$ROOT/etc/ssl/certs/ca-certificates.crt"
mountpoint -q "$ROOT/proc" || mount -t proc proc "$ROOT/proc"

chroot "$ROOT" sh -eu <<'IN'
export DEBIAN_FRONTEND=noninteractive
dpkg --add-architecture arm64
dpkg --add-architecture armhf
apt-get update -qq
apt-get install -y -qq --no-install-recommends cargo rustc rust-src clang lld llvm make
# Headers alone: unpacked beside the system, never installed.
mkdir -p /opt/hdr /tmp/hdr
cd /tmp/hdr
apt-get download -qq musl-dev:amd64 musl-dev:arm64 musl-dev:armhf linux-libc-dev
for package in *.deb; do dpkg -x "$package" /opt/hdr; done
IN

# GCC's unwinder, in its last version that needs nothing of glibc, stands in for that of the NDK.
mkdir -p "$ROOT/opt/unwind"
cd "$ROOT/opt/unwind"
for package in libgcc-11-dev-arm64-cross libgcc-11-dev-armhf-cross libgcc-11-dev; do
  apt-get download -qq "$package" && dpkg -x "$package"_*.deb . || echo "without $package: it is linked without an unwinder"
done
chroot "$ROOT" rustc -V
