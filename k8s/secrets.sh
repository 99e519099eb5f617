#!/bin/sh
# Prints the fleet's secrets and public keys as manifests, from the folder that `setup` has filled:
#
#   POSTGRES=host:5432 RABBITMQ=host:5672 REDIS=host:6379 k8s/secrets.sh var/kubernetes | kubectl apply -f -
#
# Only what is secret goes into a Secret; the rest stands in base/settings.yaml.
set -eu
umask 077
from=$1
: "${POSTGRES:?host:port}" "${RABBITMQ:?host:port}" "${REDIS:?host:port}"
test -r "$from/of/user/jwt" || { echo "$from has not been filled by setup, or may not be read" >&2; exit 1; }
env=$(mktemp)
trap 'rm -f "$env"' EXIT

make() {
    kubectl create --namespace nexus --dry-run=client --output yaml "$@"
    echo ---
}

for own in "$from"/of/*/; do
    test -r "$own/env" || continue
    grep -E '^(DATABASE_URL|RABBITMQ_URL|RABBITMQ_ADMIN_URL|REDIS_URL|SESSIONS_REDIS_URL|SECRET_KEY|SMS_TOKEN|S3_ACCESS_KEY_ID|S3_SECRET_ACCESS_KEY|SIMULATOR_[A-Z_]+|STRIPE_[A-Z_]+|CHAPA_[A-Z_]+|CRYPTO_NODE_URL|CRYPTO_XPUB)=' "$own/env" |
        sed -e "s|@postgres:5432/|@$POSTGRES/|" -e "s|@rabbitmq:5672/|@$RABBITMQ/|" -e "s|//redis:6379/|//$REDIS/|" >"$env"
    make secret generic "$(basename "$own")" --from-file="env=$env" --from-file="$own/service.pem"
done
make secret generic user-signing-keys --from-file="$from/of/user/jwt"
make configmap token-public-keys --from-file="$from/public/jwt"
make configmap service-public-keys --from-file="$from/public/services"
