# The settings that `setup` made for this service alone (addresses with passwords), then the command itself.
if [ -r /run/nexus/own/env ]; then
    set -a
    . /run/nexus/own/env
    set +a
fi
exec "$@"
