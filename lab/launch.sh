#!/bin/sh
# launch.sh RECORD COMMAND...
# Writes who it is (the boot's id, its line of /proc/PID/stat) into RECORD and becomes COMMAND. A process records
# itself so that no crash of the program that started it can leave a process that nobody knows of.
set -eu
read -r boot < /proc/sys/kernel/random/boot_id
read -r stat < /proc/self/stat
printf '%s\n%s\n' "$boot" "$stat" > "$1"
shift
exec "$@"
