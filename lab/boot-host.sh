#!/bin/sh
# boot-host.sh CPU_GROUP_PROCS NAMESPACE FOLDER LIBVIRT_CACHE NAME [PKI_FOLDER]
# Becomes the libvirtd of a host: first into the CPU cgroup, then into the network namespace, then into mount and
# UTS namespaces of its own with private folders over libvirt's. `ip netns exec` mounts a new /sys without cgroups,
# so libvirtd finds none and can't take QEMU out of the host's cgroup.
set -eu
if [ "$1" != inside ]; then
  echo $$ > "$1"
  # slave: a namespace that is deleted outside must not live on in this host's mounts
  exec ip netns exec "$2" unshare --mount --uts --propagation slave sh "$0" inside "$3" "$4" "$5" "${6-}"
fi
hostname "$4"
mount --bind "$2/etc" /etc/libvirt
mount --bind "$2/lib" /var/lib/libvirt
mount --bind "$2/log" /var/log/libvirt
mount --bind "$3" /var/cache/libvirt
# libvirtd finds its certificates here, those by which it calls other hosts too: it can't be told another place for them.
if [ -n "$5" ]; then
  mkdir -p /etc/pki
  mount --bind "$5" /etc/pki
fi
# All of /run: a machine whose own libvirtd never ran has no /run/libvirt, and the D-Bus socket is out of reach, by
# which the machine's machined would take QEMU out of the host's cgroup.
mkdir -p "$2/run/libvirt"
mount --bind "$2/run" /run
exec libvirtd --listen --config /etc/libvirt/libvirtd.conf --pid-file /run/libvirt/libvirtd.pid
