#!/bin/sh
# Puts one version of plumb and one region's configuration on this host, and starts or reloads the agent.
#
#   install.sh PLUMB_BINARY PLUMB_TOML
#
# What is wrong with either is told before anything is changed. Earlier versions stay beside the new one, so going
# back is the same command with the old binary. With DESTDIR set, everything goes below it and nothing is started.
set -eu

[ $# -eq 2 ] || { echo "usage: install.sh PLUMB_BINARY PLUMB_TOML" >&2; exit 3; }
binary=$1 config=$2 root=${DESTDIR:-}
here=$(dirname "$0")
version=$("$binary" --version | cut -d ' ' -f 2)

# The new version must be content with the new configuration; it reads the secrets that this names.
"$binary" canary --check --config "$config" > /dev/null

mkdir -p "$root/opt/plumb/$version" "$root/usr/local/bin" "$root/etc/systemd/system" "$root/etc/sysusers.d" \
    "$root/etc/tmpfiles.d" "$root/etc/plumb"
install -m 0644 "$here/plumb-canary.service" "$root/etc/systemd/system/plumb-canary.service"
install -m 0644 "$here/plumb.sysusers.conf" "$root/etc/sysusers.d/plumb.conf"
install -m 0644 "$here/plumb.tmpfiles.conf" "$root/etc/tmpfiles.d/plumb.conf"
if [ -z "$root" ]; then
    systemd-sysusers /etc/sysusers.d/plumb.conf
    systemd-tmpfiles --create /etc/tmpfiles.d/plumb.conf
fi

# Each by one rename, so that whoever starts in between meets the old or the new.
install -m 0755 "$binary" "$root/opt/plumb/$version/plumb.new"
mv "$root/opt/plumb/$version/plumb.new" "$root/opt/plumb/$version/plumb"
ln -sfn "/opt/plumb/$version/plumb" "$root/usr/local/bin/plumb.new"
before=$(readlink "$root/usr/local/bin/plumb" || true)
mv -T "$root/usr/local/bin/plumb.new" "$root/usr/local/bin/plumb"
install -m 0640 "$config" "$root/etc/plumb/plumb.toml.new"
[ -n "$root" ] || chown root:plumb /etc/plumb/plumb.toml.new
mv "$root/etc/plumb/plumb.toml.new" "$root/etc/plumb/plumb.toml"

echo "plumb $version is in place${before:+, before it $before}"
[ -z "$root" ] || exit 0
systemctl daemon-reload
systemctl enable plumb-canary
# Slots that are under way end first; what comes due meanwhile is in the ledger as skipped or missed.
systemctl restart plumb-canary
