#!/bin/busybox sh
# The first process of a guest: modules, network, a small web server.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /run

for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net virtio_blk; do
  insmod /lib/modules/$module.ko
done

value() { sed -n "s/.*$1=\([^ ]*\).*/\1/p" /proc/cmdline; }
name=$(value vmname)
hostname "$name"
ip link set lo up
for path in /sys/class/net/*; do
  [ "${path##*/}" = lo ] || interface=${path##*/}
done
ip link set "$interface" up
ip addr add "$(value vmip)" dev "$interface"

echo "$name" > /www/index.html
httpd -p 80 -h /www

# A press on the power button (virsh shutdown) turns the guest off.
insmod /lib/modules/button.ko
insmod /lib/modules/evdev.ko
mkdir -p /etc/acpi/PWRF
printf '#!/bin/sh\npoweroff -f\n' > /etc/acpi/PWRF/00000080
chmod +x /etc/acpi/PWRF/00000080
acpid -l /dev/console
echo "$name answers, uptime $(cat /proc/uptime)"
while :; do sleep 1000; done
