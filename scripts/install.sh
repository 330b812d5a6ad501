#!/usr/bin/env bash
# Installs the locked npm packages, quietly; the addresses of package servers are kept out of what it prints.
set -euo pipefail
cd "$(dirname "$0")/.."

npm ci --no-audit --no-fund --loglevel=error 2>&1 | sed -E 's#[a-z]+://[^[:space:]]+#(address)#g'
