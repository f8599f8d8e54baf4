#!/bin/sh
# After the installation of a package. The service is enabled by the operator, once its configuration stands; an upgrade
# restarts it when it runs.
set -e
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl try-restart barkeep.service
fi
