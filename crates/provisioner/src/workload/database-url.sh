#!/bin/bash
# Writes the database's URL, with its user and password, to the service's own tmpfs. RDS changes the password from time to time:
# so this runs at each start of the service.
set -euo pipefail
umask 077
secret=$(aws secretsmanager get-secret-value --region '#REGION' --secret-id '{{DATABASE_SECRET_ARN}}' --query SecretString --output text)
printf '%s' "$secret" | python3 -c '
import json, sys
from urllib.parse import quote
secret = json.load(sys.stdin)
user, password = (quote(secret[key], safe="") for key in ("username", "password"))
print(f"#SCHEME://{user}:{password}@{{DATABASE_HOST}}:#PORT/#NAME", end="")
' >"$RUNTIME_DIRECTORY/database-url"
chown --reference="$RUNTIME_DIRECTORY/." "$RUNTIME_DIRECTORY/database-url"
chmod 400 "$RUNTIME_DIRECTORY/database-url"
