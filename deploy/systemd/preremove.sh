#!/bin/sh
# Before a package goes. dpkg says "remove", and rpm says 0; an upgrade says something else and leaves the service alone. The
# archive in /var/lib/private/barkeep stays.
set -e
case "$1" in
remove | 0)
    if [ -d /run/systemd/system ]; then
        systemctl disable --now barkeep.service
    fi
    ;;
esac
