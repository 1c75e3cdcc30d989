#!/bin/sh
# Puts Drover's hook on this host, looks whether it is there as it should be, or takes it off. May be run again at any
# time. The hook's file, 50-drover, lies beside this script.
#
#   install.sh [--root DIR]               as root; --root: into an image, whose libvirt is not looked at
#   install.sh [--root DIR] --check       0: installed and unchanged; 1: not
#   install.sh [--root DIR] --uninstall   removes the hook, what it has recorded, and the folders that were made for it
set -eu
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root='' action=install

usage() {
  sed -n '/^#   /s/^#   //p' "$0" >&2
  exit 2
}

fail() {
  echo "host-hook: $1" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --root) [ -d "${2:-}" ] || usage; root=${2%/} && shift ;;
    --check | --uninstall) action=${1#--} ;;
    *) usage ;;
  esac
  shift
done

hooks=$root/etc/libvirt/hooks
hook=$hooks/qemu.d/50-drover
new=$hooks/.50-drover.new
state=$root/var/lib/libvirt/drover-hook
# The folders that were made for the hook, each after those that it lies in.
made=$state/made

# Folders of hooks by driver, qemu.d, are read since 6.5.0.
check_libvirt() {
  for daemon in virtqemud libvirtd; do
    version=$("$daemon" --version 2>/dev/null | sed -n 's/.* \([0-9][0-9]*\.[0-9][0-9]*\)\.[0-9].*/\1/p')
    [ -n "$version" ] || continue
    if [ "${version%.*}" -gt 6 ] || { [ "${version%.*}" -eq 6 ] && [ "${version#*.}" -ge 5 ]; }; then return; fi
    fail "$daemon is $version: hooks in $hooks/qemu.d need libvirt 6.5 or later; nothing was changed"
  done
  fail 'neither virtqemud nor libvirtd is on this host; nothing was changed'
}

make_folder() {
  [ -d "$1" ] && return
  mkdir "$1"
  echo "${1#"$root"}" >>"$made"
}

install_hook() {
  for folder in "$root/etc/libvirt" "$root/var/lib/libvirt"; do
    [ -d "$folder" ] || fail "there is no libvirt: $folder is missing; nothing was changed"
  done
  [ -d "$state" ] || mkdir -m 700 "$state"
  [ -d "$state/epochs" ] || mkdir -m 700 "$state/epochs"
  make_folder "$hooks"
  make_folder "$hooks/qemu.d"
  # Beside the folder that libvirt reads, and whole when it appears there.
  cp "$here/50-drover" "$new"
  chmod 755 "$new"
  mv -f "$new" "$hook"
  if command -v restorecon >/dev/null; then restorecon -R "$hooks" "$state"; fi
  echo "host-hook: installed as $hook"
  # libvirt looks for hooks when it starts and when it reloads; once it has found one for QEMU, it sees others at once.
  if [ -z "$root" ] && [ ! -e "$state/called" ]; then
    echo "host-hook: libvirt may not know it yet: tell it to reload, which leaves VMs alone:"
    echo "host-hook:   systemctl reload virtqemud    (where there is no virtqemud: systemctl reload libvirtd)"
  fi
}

check_hook() {
  [ -f "$hook" ] || fail "not installed: there is no $hook"
  cmp -s "$here/50-drover" "$hook" || fail "$hook is not the one of this version: changed, or of another version"
  [ "$(stat -c %a "$hook")" = 755 ] || fail "$hook has the mode $(stat -c %a "$hook"), not 755"
  [ -d "$state/epochs" ] || fail "there is no $state/epochs: install again"
  for file in "$hook" "$state"; do
    [ -n "$root" ] || [ "$(stat -c %u "$file")" = 0 ] || fail "$file does not belong to root"
  done
  [ "$(stat -c %a "$state")" = 700 ] || fail "$state has the mode $(stat -c %a "$state"), not 700"
  echo "host-hook: installed and unchanged, sha256 $(sha256sum <"$hook" | cut -d' ' -f1)"
  if [ -e "$state/called" ]; then
    echo "host-hook: libvirt called it last at $(date -u -r "$state/called" +%Y-%m-%dT%H:%M:%SZ)"
  else
    echo 'host-hook: libvirt has not called it yet'
  fi
}

uninstall_hook() {
  folders=''
  if [ -f "$made" ]; then folders=$(sed '1!G;h;$!d' "$made"); fi
  rm -f "$hook" "$new"
  rm -rf "$state"
  echo "$folders" | while IFS= read -r folder; do
    # Others may have put hooks of their own there since.
    if [ -n "$folder" ]; then rmdir "$root$folder" 2>/dev/null || true; fi
  done
  echo 'host-hook: removed; libvirt needs not be told'
}

case $action in
  check) check_hook ;;
  *)
    if [ -z "$root" ]; then
      [ "$(id -u)" = 0 ] || fail 'this needs root'
      [ "$action" = uninstall ] || check_libvirt
    fi
    "${action}_hook"
    ;;
esac
